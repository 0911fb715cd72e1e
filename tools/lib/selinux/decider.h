#pragma once

#include <map>
#include <memory>

#include "policy/backend.h"
#include "selinux/container_info.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// Decides facts by libsepol on the policy with the module linked in. Takes over all of its parts;
/// `peers` are as in AppOptions; `mounts` are the container's, where the module was made for one.
/// Error kBadInput if the module does not link or has no domain.
Result<std::unique_ptr<Decider>> make_decider(PolicyDb policy, Labels labels, Module module, Diagnostics& diagnostics,
                                              const std::map<std::string, std::string>& peers = {},
                                              const std::vector<ContainerMount>& mounts = {});

/// The module's domain: the type that a role may have and most rules speak of.
std::optional<std::string> domain_of(const Module& module);

}  // namespace cordon::selinux
