#include "seccomp/combine.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>

#include "seccomp/decide.h"
#include "seccomp/diff.h"
#include "seccomp/names.h"
#include "seccomp/risk.h"

namespace cordon::seccomp {
namespace {

bool lets_pass(Action action) { return action == Action::kAllow || action == Action::kLog; }

void add_arches(Profile& to, const Profile& from) {
  for (const Arch arch : from.architectures)
    if (std::find(to.architectures.begin(), to.architectures.end(), arch) == to.architectures.end())
      to.architectures.push_back(arch);
}

std::set<std::string> passed_names(const std::vector<Profile>& profiles) {
  std::set<std::string> out;
  for (const Profile& profile : profiles)
    for (const SyscallRule& rule : profile.rules)
      if (lets_pass(rule.action)) out.insert(rule.names.begin(), rule.names.end());
  return out;
}

/// A call that a rule lets pass whole makes the rules that let part of it pass say nothing.
bool is_covered(const SyscallRule& rule, const std::string& name, const std::vector<SyscallRule>& rules) {
  if (rule.args.empty()) return false;
  return std::any_of(rules.begin(), rules.end(), [&](const SyscallRule& other) {
    return other.args.empty() && other.action == rule.action && other.errno_ret == rule.errno_ret &&
           std::find(other.names.begin(), other.names.end(), name) != other.names.end();
  });
}

using RuleKey = std::tuple<Action, std::uint32_t, std::vector<ArgCondition>>;

RuleKey key_of(const SyscallRule& rule) {
  return {rule.action, carries_errno(rule.action) ? errno_of(rule.errno_ret) : 0, rule.args};
}

/// `defaults`: rules that say what the default says stay, since runc's prologue goes by the largest number named.
Profile joined(const Profile& profile, bool defaults = false) {
  std::map<RuleKey, std::set<std::string>> groups;
  const std::uint32_t default_value = kernel_value(profile.default_action, profile.default_errno_ret);
  for (const SyscallRule& rule : profile.rules) {
    if (!defaults && kernel_value(rule.action, rule.errno_ret) == default_value) continue;
    for (const std::string& name : rule.names)
      if (!is_covered(rule, name, profile.rules)) groups[key_of(rule)].insert(name);
  }
  Profile out = profile;
  out.rules.clear();
  for (const auto& [key, names] : groups) {
    SyscallRule rule;
    rule.names = {names.begin(), names.end()};
    rule.action = std::get<0>(key);
    if (carries_errno(rule.action)) rule.errno_ret = std::get<1>(key);
    rule.args = std::get<2>(key);
    out.rules.push_back(std::move(rule));
  }
  return out;
}

/// Whether the base lets pass all that the allowance wants.
bool satisfied(const Reference& base, Arch arch, const std::string& name, const Allowance& allowance) {
  if (!number_on(arch, name)) return true;
  if (allowance.whole) return reach_of(base, arch, name) == Reach::kWhole;
  const auto number = static_cast<std::uint32_t>(*number_on(arch, name));
  return std::all_of(allowance.sets.begin(), allowance.sets.end(), [&](const auto& entry) {
    std::array<std::uint64_t, 6> args{};
    for (const ArgCondition& c : entry.first) args.at(c.index) = c.value_two;
    return seccomp::lets_pass(permissive_value(base.ask({arch, number, args})));
  });
}

void drop_denial(Profile& profile, const std::string& name) {
  for (SyscallRule& rule : profile.rules)
    if (!lets_pass(rule.action)) std::erase(rule.names, name);
  std::erase_if(profile.rules, [](const SyscallRule& rule) { return rule.names.empty(); });
}

void add_allowance(Profile& profile, const std::string& name, const Allowance& allowance) {
  SyscallRule rule;
  rule.names = {name};
  if (allowance.whole) {
    rule.comment = allowance.origin.layer;
    profile.rules.push_back(rule);
  }
  for (const auto& [set, origin] : allowance.sets) {
    rule.args = set;
    rule.comment = origin.layer;
    profile.rules.push_back(rule);
  }
}

/// Callers fall back on ENOSYS alone: a base that gives another errno gets a rule.
void answer_missing(Based& out, const Reference& base, Arch host, const std::string& name) {
  const auto number = number_on(host, name);
  if (!number) return;
  const std::uint32_t value = permissive_value(base.ask({host, static_cast<std::uint32_t>(*number), {}}));
  if (seccomp::lets_pass(value) || value == (SECCOMP_RET_ERRNO | ENOSYS)) return;
  drop_denial(out.profile, name);
  SyscallRule rule;
  rule.names = {name};
  rule.action = Action::kErrno;
  rule.errno_ret = ENOSYS;
  rule.comment = "fallback";
  out.profile.rules.push_back(rule);
  out.added.push_back(name + " (ENOSYS, from which its callers fall back)");
}

}  // namespace

Result<Profile> merge_profiles(const std::vector<Profile>& profiles) {
  if (profiles.empty()) return Error{ErrorCode::kUsage, "nothing to merge", {}, {}};
  Profile out = profiles.front();
  const std::uint32_t default_value = kernel_value(out.default_action, out.default_errno_ret);
  const auto passed = passed_names(profiles);
  out.rules.clear();
  for (const Profile& profile : profiles) {
    if (kernel_value(profile.default_action, profile.default_errno_ret) != default_value)
      return Error{
          ErrorCode::kRefused, "the profiles differ in what they do by default", {}, "make them with the same action"};
    add_arches(out, profile);
    for (SyscallRule rule : profile.rules) {
      if (!lets_pass(rule.action)) std::erase_if(rule.names, [&](const auto& name) { return passed.contains(name); });
      if (!rule.names.empty()) out.rules.push_back(std::move(rule));
    }
  }
  return joined(out);
}

Result<Profile> minimise(const Profile& profile, Arch host) {
  std::string first;
  for (const bool defaults : {false, true}) {
    Profile out = joined(profile, defaults);
    Diff diff = diff_profiles(profile, out, Runtime::kCrun, host);
    if (diff.same()) diff = diff_profiles(profile, out, Runtime::kRunc, host);
    if (diff.same()) return out;
    first = to_text(diff.changes.front());
  }
  return Error{ErrorCode::kRefused, "the rules overlap in a way that depends on their order: " + first, {}, {}};
}

Based add_to_base(const Profile& base, const Plan& plan, Arch host) {
  Based out;
  out.profile = base;
  for (const Arch arch : plan.arches)
    if (std::find(base.architectures.begin(), base.architectures.end(), arch) == base.architectures.end())
      out.profile.architectures.push_back(arch);
  const Reference reference(base, Runtime::kCrun, host);
  for (const auto& [name, allowance] : plan.calls) {
    const bool fine = std::all_of(
        plan.arches.begin(), plan.arches.end(),
        [&, &call = name, &wanted = allowance](Arch arch) { return satisfied(reference, arch, call, wanted); });
    if (fine) continue;
    drop_denial(out.profile, name);
    add_allowance(out.profile, name, allowance);
    const Origin& origin = allowance.whole ? allowance.origin : allowance.sets.begin()->second;
    out.added.push_back(name + " (" + origin.layer + ")");
  }
  for (const std::string& name : plan.fallen_back) answer_missing(out, reference, host, name);
  for (const std::string& name : names_on(host))
    if (!plan.calls.contains(name) && reach_of(reference, host, name) != Reach::kDenied) out.unneeded.push_back(name);
  return out;
}

}  // namespace cordon::seccomp
