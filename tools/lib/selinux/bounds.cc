#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "selinux/diff.h"
#include "selinux/diff_text.h"

// What of a module lies outside of its ceiling.
namespace cordon::selinux {
namespace {

/// The numbers that a ceiling's extended rules leave to a rule of the module; nothing where none narrows it.
std::optional<std::set<std::uint16_t>> numbers_under(const Module& ceiling, const Access& access,
                                                     const ExtendedKind& kind, const PolicyDb* policy) {
  std::optional<std::set<std::uint16_t>> out;
  const auto stands_for = [&](const std::string& name, const std::string& type) {
    if (name == type) return true;
    const auto given = ceiling.type_attributes.find(type);
    if (given != ceiling.type_attributes.end() && given->second.contains(name)) return true;
    if (policy == nullptr || !policy->has_attribute(name)) return false;
    const auto members = policy->types_of(name);
    return std::find(members.begin(), members.end(), type) != members.end();
  };
  const auto target_of = [](const Access& one) { return one.target == "self" ? one.source : one.target; };
  for (const auto& [rule, numbers] : ceiling.*kind.rules) {
    if (rule.kind != access.kind || rule.klass != access.klass || !stands_for(rule.source, access.source)) continue;
    if (rule.target == "self" ? target_of(access) != access.source : !stands_for(rule.target, target_of(access)))
      continue;
    if (!out) out.emplace();
    out->insert(numbers.begin(), numbers.end());
  }
  return out;
}

/// The permission itself lies within the bounds: its numbers have to as well.
void bound_extended(const Module& module, const Module& ceiling, const ExtendedKind& kind, const PolicyDb* policy,
                    std::vector<std::string>& out) {
  for (const auto& [access, perms] : module.rules) {
    if (access.kind != RuleKind::kAllow || !perms.contains(std::string(kind.perm))) continue;
    const auto within = numbers_under(ceiling, access, kind, policy);
    if (!within) continue;
    const auto own = (module.*kind.rules).find(access);
    if (own == (module.*kind.rules).end()) {
      out.push_back(extended_text(access, kind, any_number(kind)));
      continue;
    }
    for (const std::uint16_t number : own->second)
      if (!within->contains(number)) out.push_back(extended_text(access, kind, fmt::format("{:#06x}", number)));
  }
}

Vectors beyond(const Vectors& vectors, const Vectors& allowed) {
  static const std::set<std::string> kNone;
  Vectors out;
  for (const auto& [vector, perms] : vectors) {
    const auto found = allowed.find(vector);
    auto outside = minus(perms, found == allowed.end() ? kNone : found->second);
    if (!outside.empty()) out.emplace(vector, std::move(outside));
  }
  return out;
}

/// What the policy grants a type for an attribute that only the module gives it, one line an attribute.
void bound_attributes(const Module& module, const Module& ceiling, const PolicyDb& policy, const Vectors& allowed,
                      std::vector<std::string>& out) {
  for (const auto& [type, attributes] : module.type_attributes)
    for (const std::string& attribute : attributes) {
      const auto given = ceiling.type_attributes.find(type);
      if (given != ceiling.type_attributes.end() && given->second.contains(attribute)) continue;
      const Vectors outside = beyond(vectors_of_attribute(policy, type, attribute), allowed);
      if (outside.empty()) continue;
      const auto& [vector, perms] = *outside.begin();
      out.push_back(fmt::format(
          "typeattribute {} {}; which brings {} such as {} (where that is meant, the bounds say "
          "(typeattributeset {} ({})))",
          type, attribute, counted(outside.size(), "access vector"), rule_text(vector, perms), attribute, type));
    }
}

}  // namespace

std::vector<std::string> outside_bounds(const Module& module, const Module& ceiling, const PolicyDb* policy) {
  std::vector<std::string> out;
  const Vectors allowed = vectors_of(ceiling, policy);
  for (const auto& [vector, perms] : beyond(vectors_of(module, policy), allowed))
    out.push_back(rule_text(vector, perms));
  for (const ExtendedKind& kind : kExtendedKinds) bound_extended(module, ceiling, kind, policy, out);
  if (policy != nullptr) bound_attributes(module, ceiling, *policy, allowed, out);
  return out;
}

}  // namespace cordon::selinux
