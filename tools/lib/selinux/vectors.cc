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

struct AttributeWalk {
  const PolicyDb::Impl& impl;
  std::uint32_t attribute;
  const std::string& type;
  Vectors out;

  std::vector<std::string> members(std::uint32_t name) const {
    std::vector<std::string> names;
    for (const std::uint32_t bit : bits_of(impl.db.attr_type_map[name - 1])) names.push_back(impl.type_name(bit + 1));
    if (name == attribute) names.push_back(type);
    return names;
  }
  void add(const std::string& source, const std::string& target, std::uint32_t klass, std::uint32_t bits) {
    auto& perms = out[{source, target, impl.db.sym_val_to_name[SYM_CLASSES][klass - 1]}];
    for (; bits != 0; bits &= bits - 1)
      perms.insert(impl.perm_names(klass)[static_cast<std::size_t>(__builtin_ctz(bits))]);
  }
  void take(const avtab_key_t& key, std::uint32_t bits) {
    if (key.source_type == attribute)
      for (const std::string& target : members(key.target_type)) add(type, target, key.target_class, bits);
    if (key.target_type == attribute)
      for (const std::string& source : members(key.source_type)) add(source, type, key.target_class, bits);
  }
  static int visit(avtab_key_t* key, avtab_datum_t* datum, void* self) {
    if ((key->specified & AVTAB_ALLOWED) != 0) static_cast<AttributeWalk*>(self)->take(*key, datum->data);
    return 0;
  }
};

}  // namespace

Vectors vectors_of_attribute(const PolicyDb& policy, const std::string& type, const std::string& attribute) {
  const PolicyDb::Impl& impl = policy.impl();
  const std::uint32_t value = impl.type_value(attribute);
  if (value == 0) return {};
  AttributeWalk walk{impl, value, type, {}};
  avtab_map(&impl.db.te_avtab, AttributeWalk::visit, &walk);
  avtab_map(&impl.db.te_cond_avtab, AttributeWalk::visit, &walk);
  for (std::uint32_t klass = 1; klass <= impl.db.symtab[SYM_CLASSES].nprim; ++klass)
    if (const std::uint32_t bits = impl.self_perms(value, klass, AVTAB_ALLOWED); bits != 0)
      walk.add(type, type, klass, bits);
  return std::move(walk.out);
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
