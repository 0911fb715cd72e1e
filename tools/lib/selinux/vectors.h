#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// One access vector, by type names.
struct Vector {
  std::string source;
  std::string target;
  std::string klass;
  auto operator<=>(const Vector&) const = default;
};
using Vectors = std::map<Vector, std::set<std::string>>;

/// The allow rules with "self" and the attributes of module and policy taken apart into types. `policy` may be null:
/// then attributes that the module does not declare stay as they are.
Vectors vectors_of(const Module& module, const PolicyDb* policy);

/// What the policy's allow rules on an attribute, the conditional ones too, give a type that joins it, and others
/// towards it. "self" rules are those that every member has.
Vectors vectors_of_attribute(const PolicyDb& policy, const std::string& type, const std::string& attribute);

/// True if the policy's rules allow it between the two types, constraints left aside; booleans as they stand.
bool rules_allow(const PolicyDb& policy, const Vector& vector, const std::string& perm);

/// The smallest sets of booleans with which the policy would allow it; empty where no switch is for it. Names may be
/// attributes.
std::vector<BooleanFix> booleans_for(const PolicyDb& policy, const Vector& vector, const std::string& perm);

}  // namespace cordon::selinux
