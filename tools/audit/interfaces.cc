#include "interfaces.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cordon::audit_tool {
namespace {

constexpr std::size_t kShownBeyond = 8;

/// Permissions that let nothing be changed weigh 1, all others 10: an interface that also writes is chosen for a reader
/// only if the user allows much.
constexpr std::array kHarmless = std::to_array<std::string_view>(
    {"getattr", "getopt", "ioctl", "list", "lock", "map", "open", "read", "search", "use", "watch"});
constexpr std::size_t kHarm = 10;

std::size_t weight(const std::string& perm) {
  return std::find(kHarmless.begin(), kHarmless.end(), perm) != kHarmless.end() ? 1 : kHarm;
}

/// Everything that one source was denied: what an interface may grant without its being excess.
using Needed = std::set<std::tuple<std::string, std::string, std::string>>;  // target, class, permission

std::set<std::string> given_perms(const TeRule& rule) {
  std::set<std::string> perms;
  for (const auto& [perm, state] : rule.perms)
    if (state.refused.empty() && !state.unknown) perms.insert(perm);
  return perms;
}

std::map<std::string, Needed> needs_by_source(const SelinuxRules& rules) {
  std::map<std::string, Needed> out;
  for (const TeRule& rule : rules.rules)
    for (const std::string& perm : given_perms(rule)) out[rule.source].insert({rule.target, rule.klass, perm});
  return out;
}

bool covers(const Interface& interface, const TeRule& rule, const std::set<std::string>& perms) {
  const auto granted = interface.grants.find({rule.target, rule.klass});
  return granted != interface.grants.end() &&
         std::includes(granted->second.perms.begin(), granted->second.perms.end(), perms.begin(), perms.end());
}

/// Counts what an interface gives to one source beyond its needs.
class ExcessCounter {
 public:
  ExcessCounter(const Judges& judges, const std::string& source, const Needed& needed, std::size_t limit)
      : judges_(judges), source_(source), needed_(needed), limit_(limit) {}

  /// Stops counting beyond the limit.
  InterfaceChoice count(const Interface& interface) {
    InterfaceChoice choice{interface.name + "(" + source_ + ")", 0, {}};
    for (const auto& [on, granted] : interface.grants)
      for (const std::string& type : types(on.first))
        for (const auto* perms : {&granted.perms, &granted.conditional})
          for (const std::string& perm : *perms) {
            if (choice.excess > limit_) return choice;  // it is out of the running
            if (needed_.count({type, on.second, perm}) != 0 || allowed(type, on.second, perm)) continue;
            choice.excess += weight(perm);
            if (choice.beyond.size() < kShownBeyond) choice.beyond.push_back(type + ":" + on.second + " " + perm);
          }
    return choice;
  }

 private:
  std::vector<std::string> types(const std::string& name) const {
    if (name == "self" || !judges_.policy || !judges_.policy->has_attribute(name)) return {name};
    return judges_.policy->types_of(name);
  }
  bool allowed(const std::string& type, const std::string& klass, const std::string& perm) const {
    if (!judges_.policy) return false;
    const std::string level = judges_.policy->mls() ? ":s0" : "";
    const std::string source = "system_u:system_r:" + source_ + level;
    const auto verdict =
        judges_.policy->allows(source, type == "self" ? source : "system_u:object_r:" + type + level, klass, perm);
    return verdict.value_or(false);
  }
  const Judges& judges_;
  const std::string& source_;
  const Needed& needed_;
  std::size_t limit_;
};

bool already_allowed(const TeRule& rule) {
  return std::all_of(rule.perms.begin(), rule.perms.end(), [](const auto& p) { return p.second.allowed; });
}

}  // namespace

std::map<std::size_t, InterfaceChoice> choose_interfaces(const SelinuxRules& rules,
                                                         const std::vector<Interface>& interfaces, const Judges& judges,
                                                         std::size_t max_excess) {
  const auto needs = needs_by_source(rules);
  std::map<std::pair<std::string, std::string>, std::vector<const Interface*>> by_target;
  for (const Interface& interface : interfaces)
    if (!interface.opaque)
      for (const auto& [on, granted] : interface.grants) by_target[on].push_back(&interface);
  std::map<std::size_t, InterfaceChoice> out;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    const TeRule& rule = rules.rules[i];
    const auto perms = given_perms(rule);
    const auto candidates = by_target.find({rule.target, rule.klass});
    if (perms.empty() || candidates == by_target.end() || already_allowed(rule)) continue;
    std::size_t best = max_excess;
    for (const Interface* interface : candidates->second) {
      if (!covers(*interface, rule, perms)) continue;
      const auto choice = ExcessCounter(judges, rule.source, needs.at(rule.source), best).count(*interface);
      const bool better = out.count(i) == 0 ? choice.excess <= best : choice.excess < best;
      if (!better) continue;
      out[i] = choice;
      best = choice.excess;
    }
  }
  return out;
}

}  // namespace cordon::audit_tool
