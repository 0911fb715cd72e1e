#include "seccomp/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "seccomp/decide.h"
#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::size_t kMaxChangesPerCall = 16;

std::vector<CallRule> both(const Reference& a, const Reference& b, Arch arch, std::uint32_t number) {
  std::vector<CallRule> rules = a.rules_of(arch, number);
  const auto& more = b.rules_of(arch, number);
  rules.insert(rules.end(), more.begin(), more.end());
  return rules;
}

std::set<std::uint32_t> positions_of(const std::vector<CallRule>& rules) {
  std::set<std::uint32_t> out;
  for (const CallRule& rule : rules)
    for (const ArgCondition& c : rule.conditions) out.insert(c.index);
  return out;
}

std::string when_of(const std::set<std::uint32_t>& positions, const std::array<std::uint64_t, 6>& args) {
  std::string out;
  for (const std::uint32_t index : positions)
    out += fmt::format("{}argument {} = {:#x}", out.empty() ? "" : ", ", index, args.at(index));
  return out;
}

class Differ {
 public:
  Differ(const Reference& before, const Reference& after) : before_(before), after_(after) {}

  void number(Arch arch, std::uint32_t number) {
    const auto rules = both(before_, after_, arch, number);
    const auto positions = positions_of(rules);
    std::vector<Change> here;
    bool uniform = true;
    for (const auto& args : argument_classes(rules)) {
      ++out_.calls;
      const Call call{arch, number, args};
      Change change{arch, name_on(arch, static_cast<int>(number)), when_of(positions, args),
                    permissive_value(before_.ask(call)), permissive_value(after_.ask(call))};
      uniform =
          uniform && (here.empty() || (here.front().before == change.before && here.front().after == change.after));
      here.push_back(std::move(change));
    }
    keep(std::move(here), uniform);
  }

  Diff take() { return std::move(out_); }

 private:
  void keep(std::vector<Change> here, bool uniform) {
    if (uniform) {
      here.resize(1);
      here.front().when.clear();
    }
    std::erase_if(here, [](const Change& c) { return c.before == c.after; });
    if (here.size() > kMaxChangesPerCall) {
      out_.unlisted += here.size() - kMaxChangesPerCall;
      here.resize(kMaxChangesPerCall);
    }
    out_.changes.insert(out_.changes.end(), std::make_move_iterator(here.begin()), std::make_move_iterator(here.end()));
  }

  const Reference& before_;
  const Reference& after_;
  Diff out_;
};

void compare_flags(const Profile& before, const Profile& after, std::vector<SettingChange>& out) {
  const std::set<std::string> old_flags(before.flags.begin(), before.flags.end());
  const std::set<std::string> new_flags(after.flags.begin(), after.flags.end());
  for (const std::string& flag : new_flags)
    if (!old_flags.contains(flag)) out.push_back({true, "flag " + flag + " is new"});
  for (const std::string& flag : old_flags)
    if (!new_flags.contains(flag)) out.push_back({false, "flag " + flag + " is gone"});
}

void compare_text(const std::string& name, const std::string& before, const std::string& after,
                  std::vector<SettingChange>& out) {
  if (before == after) return;
  if (before.empty())
    out.push_back({true, name + " is new: \"" + after + "\""});
  else if (after.empty())
    out.push_back({false, name + " is gone: \"" + before + "\""});
  else
    out.push_back({true, name + ": \"" + before + "\", now \"" + after + "\""});
}

}  // namespace

std::uint32_t permissive_value(const Answer& answer) {
  // Higher numbers are more permissive but for KILL_PROCESS, whose sign bit is set (seccomp(2), precedence of actions).
  return *std::max_element(answer.values.begin(), answer.values.end(), [](std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a) < static_cast<std::int32_t>(b);
  });
}

bool Change::grows() const { return lets_pass(after) && !lets_pass(before); }
bool Change::shrinks() const { return lets_pass(before) && !lets_pass(after); }

std::size_t Diff::grown() const {
  return static_cast<std::size_t>(
      std::count_if(changes.begin(), changes.end(), [](const Change& c) { return c.grows(); }));
}
std::size_t Diff::shrunk() const {
  return static_cast<std::size_t>(
      std::count_if(changes.begin(), changes.end(), [](const Change& c) { return c.shrinks(); }));
}

Diff diff_profiles(const Profile& before, const Profile& after, Runtime runtime, Arch host) {
  const Reference old_one(before, runtime, host);
  const Reference new_one(after, runtime, host);
  std::set<Arch> arches(old_one.arches().begin(), old_one.arches().end());
  arches.insert(new_one.arches().begin(), new_one.arches().end());
  Differ differ(old_one, new_one);
  for (const Arch arch : arches)
    for (int number = arch == Arch::kX32 ? static_cast<int>(kX32Bit) : 0; number <= highest_on(arch); ++number)
      if (!name_on(arch, number).empty()) differ.number(arch, static_cast<std::uint32_t>(number));
  Diff out = differ.take();
  compare_flags(before, after, out.settings);
  compare_text("listenerPath", before.listener_path, after.listener_path, out.settings);
  compare_text("listenerMetadata", before.listener_metadata, after.listener_metadata, out.settings);
  return out;
}

std::string to_text(const Change& change) {
  return fmt::format("{} {} on {}{}{}: {}, now {}",
                     change.grows()     ? "+"
                     : change.shrinks() ? "-"
                                        : "~",
                     change.name, arch_info(change.arch).name, change.when.empty() ? "" : ", ", change.when,
                     describe_value(change.before), describe_value(change.after));
}

}  // namespace cordon::seccomp
