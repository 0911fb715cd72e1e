#include "selinux/vectors.h"

#include <algorithm>

#include "selinux/boolean.h"
#include "selinux/policydb_impl.h"

namespace cordon::selinux {
namespace {

class Expander {
 public:
  Expander(const Module& module, const PolicyDb* policy) : policy_(policy) {
    for (const auto& [type, attributes] : module.type_attributes)
      for (const std::string& attribute : attributes) members_[attribute].insert(type);
  }

  /// The types that a name in a rule stands for.
  std::set<std::string> types(const std::string& name) const {
    std::set<std::string> out;
    if (const auto own = members_.find(name); own != members_.end()) out = own->second;
    if (policy_ != nullptr && policy_->has_attribute(name))
      for (std::string& type : policy_->types_of(name)) out.insert(std::move(type));
    if (out.empty()) out.insert(name);
    return out;
  }

 private:
  const PolicyDb* policy_;
  std::map<std::string, std::set<std::string>> members_;
};

}  // namespace

Vectors vectors_of(const Module& module, const PolicyDb* policy) {
  Vectors out;
  const Expander expander(module, policy);
  for (const auto& [access, perms] : module.rules) {
    if (access.kind != RuleKind::kAllow) continue;
    for (const std::string& source : expander.types(access.source)) {
      const auto targets = access.target == "self" ? std::set<std::string>{source} : expander.types(access.target);
      for (const std::string& target : targets) out[{source, target, access.klass}].insert(perms.begin(), perms.end());
    }
  }
  return out;
}

namespace {

/// The allow rules for it, disabled ones too.
std::vector<MatchedRule> covering(const PolicyDb::Impl& impl, const Vector& vector, const std::string& perm) {
  const std::uint32_t source = impl.type_value(vector.source);
  const std::uint32_t target = impl.type_value(vector.target);
  const class_datum_t* klass = impl.klass(vector.klass);
  const std::uint32_t bit = klass == nullptr ? 0 : impl.perm_bit(*klass, perm);
  if (source == 0 || target == 0 || bit == 0) return {};
  auto rules = impl.match(source, target, klass->s.value, AVTAB_ALLOWED);
  std::erase_if(rules, [bit](const MatchedRule& rule) { return (rule.data & bit) == 0; });
  return rules;
}

bool is_enabled(const MatchedRule& rule) { return rule.enabled; }

}  // namespace

bool rules_allow(const PolicyDb& policy, const Vector& vector, const std::string& perm) {
  const auto rules = covering(policy.impl(), vector, perm);
  return std::any_of(rules.begin(), rules.end(), is_enabled);
}

std::vector<BooleanFix> booleans_for(const PolicyDb& policy, const Vector& vector, const std::string& perm) {
  const auto rules = covering(policy.impl(), vector, perm);
  if (rules.empty() || std::any_of(rules.begin(), rules.end(), is_enabled)) return {};
  return boolean_fixes(policy.impl(), rules);
}

}  // namespace cordon::selinux
