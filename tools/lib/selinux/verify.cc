#include "selinux/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "selinux/link.h"
#include "selinux/vectors.h"

namespace cordon::selinux {
namespace {

Vectors asked_for(const std::vector<AvOp>& denials) {
  Vectors out;
  for (const AvOp& denial : denials)
    out[{std::string(type_of(denial.source)), std::string(type_of(denial.target)), denial.klass}].insert(
        denial.perms.begin(), denial.perms.end());
  return out;
}

/// What the module's rules add to the policy's, that nobody asked for.
std::vector<std::string> excess_of(const Module& module, const PolicyDb& before, const Vectors& asked) {
  std::vector<std::string> out;
  for (const auto& [vector, perms] : vectors_of(module, &before)) {
    const auto wanted = asked.find(vector);
    std::vector<std::string> more;
    for (const std::string& perm : perms) {
      const bool asked_for_it = wanted != asked.end() && wanted->second.contains(perm);
      if (!asked_for_it && !rules_allow(before, vector, perm)) more.push_back(perm);
    }
    if (more.empty()) continue;
    const std::string target = vector.target == vector.source ? "self" : vector.target;
    out.push_back(fmt::format("allow {} {}:{} {{ {} }};", vector.source, target, vector.klass, join(more, " ")));
  }
  return out;
}

bool unknown(const Explanation& explained) {
  return !explained.whole.empty() ||
         std::any_of(explained.perms.begin(), explained.perms.end(),
                     [](const PermissionVerdict& perm) { return perm.has(ReasonKind::kUnknownPerm); });
}

/// With the least set of booleans that would allow it.
std::string words_of(const Reason& reason) {
  std::string out = reason.words;
  if (reason.fixes.empty()) return out;
  out += ": setsebool";
  for (const BooleanSetting& setting : reason.fixes.front().set)
    out += fmt::format(" {}={}", setting.name, setting.on ? "on" : "off");
  return out;
}

std::string first_reason(const Explanation& explained) {
  if (!explained.whole.empty()) return explained.whole.front().words;
  for (const PermissionVerdict& perm : explained.perms)
    if (!perm.allowed && !perm.reasons.empty()) return words_of(perm.reasons.front());
  return {};
}

bool denies_extended(const PolicyDb& policy, const AvOp& denial) {
  return denial.perms.size() == 1 && std::any_of(denial.xperms.begin(), denial.xperms.end(), [&](std::uint32_t number) {
           return !policy
                       .allows_extended(denial.source, denial.target, denial.klass, denial.perms[0],
                                        static_cast<std::uint16_t>(number))
                       .value_or(true);
         });
}

VerifiedDenial judge(const AvOp& denial, const PolicyDb& policy, bool allowed_before) {
  VerifiedDenial out;
  const Explanation after = policy.explain(denial.source, denial.target, denial.klass, denial.perms);
  for (const PermissionVerdict& perm : after.perms)
    if (!perm.allowed) out.remaining.push_back(perm.perm);
  out.why = first_reason(after);
  const bool extended = after.allowed && denies_extended(policy, denial);
  if (extended) {
    out.remaining = denial.perms;
    out.why = denial.perms[0] + " is allowed, but not this number of it";
  }
  if (unknown(after))
    out.fixed = Fixed::kUnknown;
  else if (!after.allowed || extended)
    out.fixed = Fixed::kRemaining;
  else
    out.fixed = allowed_before ? Fixed::kAllowed : Fixed::kFixed;
  return out;
}

}  // namespace

std::string_view name_of(Fixed fixed) {
  static constexpr std::string_view kNames[] = {"fixed", "remaining", "allowed", "unknown"};
  return kNames[static_cast<std::size_t>(fixed)];
}

std::size_t Verification::count(Fixed fixed) const {
  return static_cast<std::size_t>(std::count_if(denials.begin(), denials.end(),
                                                [&](const VerifiedDenial& denial) { return denial.fixed == fixed; }));
}

Result<Verification> verify_denials(const std::vector<AvOp>& denials, PolicyDb& policy, const Module& module,
                                    Diagnostics& diagnostics) {
  Verification out;
  std::vector<bool> allowed_before;
  for (const AvOp& denial : denials) {
    const bool allowed = policy.explain(denial.source, denial.target, denial.klass, denial.perms).allowed;
    allowed_before.push_back(allowed && !denies_extended(policy, denial));
  }
  out.excess = excess_of(module, policy, asked_for(denials));
  if (auto linked = link_module(policy, module, diagnostics); !linked) return linked.error();
  for (std::size_t i = 0; i < denials.size(); ++i) out.denials.push_back(judge(denials[i], policy, allowed_before[i]));
  return out;
}

}  // namespace cordon::selinux
