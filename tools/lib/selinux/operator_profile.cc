#include "selinux/operator_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace cordon::selinux {
namespace {

// What the operator refuses as long as spec.selinux.options of its daemon does not allow it
// (internal/pkg/translator/obj2cil.go of version 1.0).
constexpr std::string_view kDeniedTypes[] = {"kernel_t", "kmem_t", "security_t", "shadow_t"};
constexpr std::string_view kDeniedClasses[] = {"capability", "capability2", "security", "system"};
constexpr std::string_view kDeniedPerms[] = {"load_policy", "mac_admin", "mounton",    "relabelfrom",
                                             "relabelto",   "setbool",   "setenforce", "setsecparam"};

template <class List>
bool has(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

/// A Kubernetes object's name: at most 253 lower case letters, digits and '-', neither first nor last (RFC 1123).
std::string to_object_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '-'; });
  name.resize(std::min<std::size_t>(name.size(), 253));
  while (name.ends_with('-')) name.pop_back();
  return name;
}

/// Names are words of letters, digits, '_', '-' and '.': YAML takes a few of them for something else than text.
std::string scalar(const std::string& name) {
  static constexpr std::string_view kOther[] = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"};
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return has(kOther, lower) ? "'" + name + "'" : name;
}

void add_remark(const char* option, const std::set<std::string>& names, std::vector<std::string>& out) {
  if (!names.empty())
    out.push_back(
        fmt::format("the operator refuses the SelinuxProfile unless spec.selinux.options.{} of its "
                    "SecurityProfilesOperatorDaemon has: {}",
                    option, fmt::join(names, ", ")));
}

}  // namespace

OperatorProfile operator_profile(const Module& module, const std::string& domain) {
  const std::string object = to_object_name(module.name);
  OperatorProfile out{{}, object + ".process", {}};
  std::set<std::string> types, classes, denied;
  std::string allow;
  std::string target;
  for (const auto& [access, perms] : module.rules) {
    if (access.kind != RuleKind::kAllow || access.source != domain) continue;
    if (access.target != "self" && module.types.contains(access.target)) return {};
    if (has(kDeniedTypes, access.target)) types.insert(access.target);
    if (has(kDeniedClasses, access.klass)) classes.insert(access.klass);
    const std::string name = access.target == "self" ? "'@self'" : scalar(access.target);
    if (name != target) allow += fmt::format("    {}:\n", name);
    target = name;
    allow += fmt::format("      {}:\n", scalar(access.klass));
    for (const std::string& perm : perms) {
      allow += fmt::format("        - {}\n", scalar(perm));
      if (has(kDeniedPerms, perm)) denied.insert(perm);
    }
  }
  out.yaml = fmt::format(
      "apiVersion: security-profiles-operator.x-k8s.io/v1alpha2\nkind: SelinuxProfile\nmetadata:\n  name: {}\nspec:\n  "
      "inherit:\n    - kind: System\n      name: container\n{}{}",
      object, allow.empty() ? "" : "  allow:\n", allow);
  add_remark("allowedTypes", types, out.remarks);
  add_remark("allowedClasses", classes, out.remarks);
  add_remark("allowedPermissions", denied, out.remarks);
  return out;
}

}  // namespace cordon::selinux
