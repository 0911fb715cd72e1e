#pragma once

#include <memory>

#include "policy/backend.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// Decides facts by libsepol on the policy with the module linked in. Takes over all of its parts.
/// Error kBadInput if the module does not link or has no domain.
Result<std::unique_ptr<Decider>> make_decider(PolicyDb policy, Labels labels, Module module, Diagnostics& diagnostics);

/// The module's domain: the type that a role may have and most rules speak of.
std::optional<std::string> domain_of(const Module& module);

}  // namespace cordon::selinux
