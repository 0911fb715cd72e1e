#pragma once

#include <map>
#include <string>

#include "policy/policy.h"
#include "selinux/container_info.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/policydb.h"
#include "selinux/vectors.h"

namespace cordon::selinux {

struct NeededOptions {
  std::map<std::string, std::string> peers;  ///< as in AppOptions
  const ContainerInfo* container = nullptr;  ///< of the module's container, if it is one's
};

/// The access vectors that the recordings need of that module: those that a fresh module of them would hold, its
/// domain's under the module's, and the logged ones as they are. `base` is the policy without the module.
Result<Vectors> needed_vectors(const Policy& recorded, const Module& module, const PolicyDb& base, const Labels& labels,
                               const NeededOptions& options);

}  // namespace cordon::selinux
