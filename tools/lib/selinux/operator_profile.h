#pragma once

#include <string>
#include <vector>

#include "selinux/module.h"

namespace cordon::selinux {

/// A SelinuxProfile of the Security Profiles Operator (v1alpha2, which its 1.0 serves beside v1).
struct OperatorProfile {
  std::string yaml;                  ///< empty: the operator has no words for the module
  std::string type;                  ///< what a pod names: its process type
  std::vector<std::string> remarks;  ///< what the operator refuses unless its daemon's options allow it
};

/// Of a container module's rules for `domain`. The operator adds the container's block by itself; a type of the
/// module's own it cannot declare.
OperatorProfile operator_profile(const Module& module, const std::string& domain);

}  // namespace cordon::selinux
