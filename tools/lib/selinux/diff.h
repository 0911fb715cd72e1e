#pragma once

#include <string>
#include <vector>

#include "selinux/module.h"
#include "selinux/policydb.h"
#include "selinux/vectors.h"

namespace cordon::selinux {

/// One difference in what two policies or modules allow.
struct VectorChange {
  bool added = false;
  std::string rule;       ///< as policy source
  std::string condition;  ///< of a conditional rule: "[ bool ]:True"; empty: always
  auto operator<=>(const VectorChange&) const = default;
};

/// By access vectors of types, "self" and the module's own attributes taken apart, by ioctl commands, type transitions
/// and labels.
/// Sorted; empty: the same.
std::vector<VectorChange> diff_modules(const Module& old_module, const Module& new_module);

/// By allow, dontaudit, extended and transition rules (named ones too), types, attributes' members, booleans,
/// permissive types and roles; conditional rules included. Rules are compared as they stand, attributes not taken
/// apart. Not compared: constraints, users and what labels ports and file systems.
std::vector<VectorChange> diff_policies(const PolicyDb& old_policy, const PolicyDb& new_policy);

/// What of the module is not needed: each rule's permissions that the base policy allows by itself, and, where
/// `needed` is given (types, not contexts), those that it does not hold. What the module's attributes bring counts as
/// the base policy's.
struct Dropped {
  std::string rule;  ///< of one permission, as policy source
  std::string why;
};
struct Pruned {
  Module module;
  std::vector<Dropped> dropped;
};
Pruned prune_module(const Module& module, const PolicyDb& base, const Vectors* needed);

/// The module that holds what both sides changed since `base`: a permission that one side removed is removed, one that
/// a side added is added. Deterministic. What both sides changed differently (a type transition, a label) is told in
/// `conflicts`, and "ours" stands.
struct Merged {
  Module module;
  std::vector<std::string> conflicts;
};
Merged merge_modules(const Module& base, const Module& ours, const Module& theirs);

/// What of the module lies outside of the ceiling's allow rules, as rules; empty: it is within its bounds.
std::vector<std::string> outside_bounds(const Module& module, const Module& ceiling, const PolicyDb* policy);

}  // namespace cordon::selinux
