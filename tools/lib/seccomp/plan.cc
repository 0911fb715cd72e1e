#include "seccomp/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "kernel/syscall_table.h"
#include "kernel/syscalls.h"
#include "seccomp/expand.h"
#include "seccomp/names.h"
#include "seccomp/packs.h"

namespace cordon::seccomp {
namespace {

/// More sets than this a call, and a filter by argument costs more than it gives.
constexpr std::size_t kMaxSets = 64;

const Origin kObserved{0, "observed", ""};

Origin origin_of(const Basis& basis) {
  switch (basis.kind) {
    case BasisKind::kPinned: return {1, "pinned by " + basis.by, basis.reason};
    case BasisKind::kBaseline: return {4, "pack " + basis.by, basis.reason};
    default: return kObserved;
  }
}

/// A call's grants, all programs and ABIs together: a filter knows neither.
struct Seen {
  std::vector<std::pair<std::size_t, const SyscallOp*>> ops;  ///< with the rule's index
  Origin origin;
};

bool covers(const SyscallOp& op, const FilteredPosition& position) {
  return std::any_of(op.args.begin(), op.args.end(), [&](const ArgPredicate& arg) {
    return arg.index == position.index && (arg.mask & position.mask) == position.mask;
  });
}

std::uint64_t value_at(const SyscallOp& op, const FilteredPosition& position) {
  for (const ArgPredicate& arg : op.args)
    if (arg.index == position.index) return arg.value & position.mask;
  return 0;
}

/// The positions of a level that every grant of the call knows, on every ABI that made it.
std::vector<FilteredPosition> positions_at(const std::string& call, const Seen& seen, ArgumentLevel level,
                                           const Data& data) {
  std::vector<FilteredPosition> out;
  bool first = true;
  for (const auto& entry : seen.ops) {
    const SyscallOp* op = entry.second;
    auto here = filtered_positions(op->arch, call, level, data);
    std::erase_if(here, [&](const FilteredPosition& position) { return !covers(*op, position); });
    if (first)
      out = here;
    else
      std::erase_if(out, [&](const FilteredPosition& kept) {
        return std::none_of(here.begin(), here.end(),
                            [&](const FilteredPosition& p) { return p.index == kept.index && p.mask == kept.mask; });
      });
    first = false;
  }
  return out;
}

/// A tighter level never filters less: where its own mask is not known, the wider level's stands.
std::vector<FilteredPosition> common_positions(const std::string& call, const Seen& seen, ArgumentLevel level,
                                               const Data& data) {
  auto out = positions_at(call, seen, level, data);
  if (level != ArgumentLevel::kTight) return out;
  for (const FilteredPosition& safe : positions_at(call, seen, ArgumentLevel::kSafe, data))
    if (std::none_of(out.begin(), out.end(), [&](const FilteredPosition& p) { return p.index == safe.index; }))
      out.push_back(safe);
  std::sort(out.begin(), out.end(),
            [](const FilteredPosition& a, const FilteredPosition& b) { return a.index < b.index; });
  return out;
}

ArgSet set_of(const SyscallOp& op, const std::vector<FilteredPosition>& positions) {
  ArgSet set;
  for (const FilteredPosition& p : positions) set.push_back({p.index, Compare::kMaskedEq, p.mask, value_at(op, p)});
  return set;
}

std::set<ArgSet> sets_of(const Seen& seen, const std::vector<FilteredPosition>& positions) {
  std::set<ArgSet> sets;
  for (const auto& entry : seen.ops) sets.insert(set_of(*entry.second, positions));
  return sets;
}

/// All values of the mask are there, so the condition says nothing.
bool is_everything(const std::set<ArgSet>& sets, const std::vector<FilteredPosition>& positions) {
  int bits = 0;
  for (const FilteredPosition& p : positions) bits += __builtin_popcountll(p.mask);
  return bits < 16 && sets.size() >= (std::size_t{1} << bits);
}

std::string capability_word(const std::string& name) {
  std::string out = "CAP_" + name;
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

/// A hostile trace's words must not become words of a profile.
bool is_plain_name(std::string_view name) {
  return name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

class Planner {
 public:
  Planner(const Policy& policy, const PlanOptions& options, const Data& data, Diagnostics& diagnostics)
      : policy_(policy), options_(options), data_(data), diagnostics_(diagnostics) {}

  Planned run() {
    Plan& plan = out_.plan;
    plan.name = policy_.name;
    plan.complete = policy_.complete;
    plan.notes = policy_.notes;
    collect();
    choose_arches();
    for (const auto& [call, seen] : seen_) allow_seen(call, seen);
    add_always();
    if (options_.timing) add_timing(plan, data_);
    if (options_.twins) add_twins(plan, data_);
    for (const std::string& pack : options_.packs) add_pack(plan, data_.packs.at(pack), options_.new_privs);
    if (options_.told_packs) add_told_packs();
    answer_clone3();
    plan.denial = denial();
    return std::move(out_);
  }

 private:
  void collect() {
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
      if (const auto* capability = std::get_if<CapabilityOp>(&policy_.rules[i].grant().operation))
        out_.plan.capabilities.insert(capability_word(capability->name));
      const auto* op = std::get_if<SyscallOp>(&policy_.rules[i].grant().operation);
      if (op == nullptr) continue;
      if (op->name.empty()) {
        note(i, Fit::kNone, "call number " + std::to_string(op->number) + " has no name, and profiles hold names");
        continue;
      }
      if (!is_plain_name(op->name)) {
        note(i, Fit::kNone, "\"" + printable(op->name) + "\" is no name of a system call");
        continue;
      }
      const Origin origin = origin_of(policy_.rules[i].basis());
      auto [found, fresh] = seen_.try_emplace(op->name, Seen{{}, origin});
      found->second.origin = fresh ? origin : std::min(found->second.origin, origin);
      found->second.ops.emplace_back(i, op);
      arches_.insert(op->arch);
      if (!is_known_name(op->name))
        note(i, Fit::kNarrower,
             "this machine's libseccomp does not know " + op->name + ", so runtimes that use it ignore the name");
    }
  }

  void choose_arches() {
    std::vector<Arch>& arches = out_.plan.arches;
    if (!options_.only_arches.empty()) {
      arches = options_.only_arches;
      return;
    }
    const Arch native = arches_.empty() ? native_arch() : arch_info(*arches_.begin()).native;
    arches.push_back(native);
    if (options_.compat)
      for (const Arch arch : {Arch::kI386, Arch::kX32, Arch::kArm})
        if (arch_info(arch).native == native) arches_.insert(arch);
    for (const Arch arch : arches_)
      if (arch != native) arches.push_back(arch);
  }

  void allow_seen(const std::string& call, const Seen& seen) {
    auto positions = common_positions(call, seen, options_.arguments, data_);
    auto sets = sets_of(seen, positions);
    if (sets.size() > kMaxSets) {  // one argument may do where several are too many
      positions = positions_at(call, seen, std::min(options_.arguments, ArgumentLevel::kSafe), data_);
      sets = sets_of(seen, positions);
    }
    const bool whole = positions.empty() || sets.size() > kMaxSets || is_everything(sets, positions);
    if (whole)
      out_.plan.allow(call, seen.origin);
    else
      for (const auto& [rule, op] : seen.ops)
        out_.plan.allow(call, set_of(*op, positions), origin_of(policy_.rules[rule].basis()));
    for (const auto& [rule, op] : seen.ops) note_width(rule, *op, whole, positions);
    if (!whole && positions.size() == 1) filtered_.emplace(call, positions.front());
  }

  /// Says so where the profile allows more than the rule's own arguments.
  void note_width(std::size_t rule, const SyscallOp& op, bool whole, const std::vector<FilteredPosition>& positions) {
    for (const ArgPredicate& arg : op.args) {
      const bool exact = !whole && std::any_of(positions.begin(), positions.end(), [&](const FilteredPosition& p) {
        return p.index == arg.index && (p.mask & arg.mask) == arg.mask;
      });
      if (exact) continue;
      const bool part = !whole && std::any_of(positions.begin(), positions.end(),
                                              [&](const FilteredPosition& p) { return p.index == arg.index; });
      return note(rule, Fit::kWider,
                  "argument " + std::to_string(arg.index) + " of " + op.name +
                      (part ? " is filtered in part" : " is not filtered"));
    }
  }

  void add_always() {
    for (const auto& [call, position] : filtered_)
      for (const std::uint64_t value : position.row->always)
        out_.plan.allow(
            call, ArgSet{{position.index, Compare::kMaskedEq, position.mask, value & position.mask}},
            {2, "values", position.row->argument + " values that are always allowed: " + position.row->always_reason});
  }

  void add_told_packs() {
    for (const auto& [pack, path] : told_packs(policy_, data_)) {
      if (options_.left_out.contains(pack)) continue;
      add_pack(out_.plan, data_.packs.at(pack), options_.new_privs);
      out_.plan.told_packs.emplace(pack, path);
    }
  }

  /// After all that goes by what was seen: clone3 is denied where clone, whose flags a filter sees, does the same.
  void answer_clone3() {
    const auto seen = seen_.find(std::string(kClone3));
    if (seen == seen_.end()) return;
    const auto& ops = seen->second.ops;
    const auto stranger = std::find_if(ops.begin(), ops.end(), [&](const auto& entry) {
      return policy_.rules[entry.first].basis().kind == BasisKind::kPinned ||
             known_fallback(*entry.second, data_) == nullptr;
    });
    const bool denied =
        options_.arguments != ArgumentLevel::kNone && options_.denial != Action::kLog &&
        (options_.clone3 == Clone3::kFallback || (options_.clone3 == Clone3::kAuto && stranger == ops.end()));
    if (!denied) return note_whole_clone3(ops, stranger == ops.end() ? ops.front().second : stranger->second);
    out_.plan.calls.erase(seen->first);
    out_.plan.fallen_back.insert(seen->first);
    for (const auto& [rule, op] : ops) {
      note(rule, Fit::kNarrower, "clone3 is answered ENOSYS, and clone allowed with the same flags");
      const ArgPredicate flags = fallback_call(*op).args.front();
      out_.plan.allow(
          "clone", ArgSet{{flags.index, Compare::kMaskedEq, flags.mask, flags.value}},
          {3, "fallback",
           "seen clone3, which is answered ENOSYS: a filter cannot see its flags, and sees those of clone"});
    }
  }

  void note_whole_clone3(const std::vector<std::pair<std::size_t, const SyscallOp*>>& ops, const SyscallOp* example) {
    const bool unknown = known_fallback(*example, data_) == nullptr;
    std::string why = "a filter cannot see the flags of clone3: it is allowed whole, namespaces and all";
    if (options_.clone3 == Clone3::kAuto && unknown)
      why += example->clone_flags
                 ? fmt::format(", since who calls it with flags {:#x} is not known to fall back to clone",
                               *example->clone_flags)
                 : ", since its flags were not recorded";
    for (const auto& entry : ops) note(entry.first, Fit::kWider, why);
    out_.plan.whole_clone3 = why;
  }

  Denial denial() const {
    Denial out;
    out.action = options_.denial;
    out.logged = options_.log_denials;
    if (out.action == Action::kLog) return out;
    for (const ErrnoRow& row : data_.errnos)
      for (const std::string& name : row.names)
        if (!out_.plan.calls.contains(name)) out.explicit_errnos.emplace(name, row);
    return out;
  }

  void note(std::size_t rule, Fit fit, std::string why) { out_.notes.push_back({rule, {fit, std::move(why)}}); }

  const Policy& policy_;
  const PlanOptions& options_;
  const Data& data_;
  Diagnostics& diagnostics_;
  std::map<std::string, Seen> seen_;
  std::set<Arch> arches_;
  std::map<std::string, FilteredPosition> filtered_;
  Planned out_;
};

/// The names that profiles share for all ABIs; a name that none of the plan's ABIs has says nothing.
bool on_any(const std::string& name, const std::vector<Arch>& arches) {
  return std::any_of(arches.begin(), arches.end(), [&](Arch arch) {
    return number_on(arch, name).has_value() || multiplexed_on(arch, name).has_value();
  });
}

/// Calls of one layer and reason, whole ones and those under the same conditions together.
using Grouped = std::map<std::pair<Origin, ArgSet>, std::vector<std::string>>;

std::string comment_of(const Origin& origin) {
  return origin.layer + (origin.reason.empty() ? "" : ": " + origin.reason);
}

void append_errnos(const Plan& plan, Profile& profile) {
  std::map<std::pair<std::uint32_t, std::string>, std::vector<std::string>> grouped;
  for (const auto& [name, row] : plan.denial.explicit_errnos) {
    const bool is_default = plan.denial.action == Action::kErrno && row.number == plan.denial.errno_number;
    if (!is_default && is_known_name(name) && on_any(name, plan.arches))
      grouped[{row.number, row.reason}].push_back(name);
  }
  for (const auto& [key, names] : grouped) {
    SyscallRule rule;
    rule.names = names;
    rule.action = Action::kErrno;
    rule.errno_ret = key.first;
    rule.comment = "denied: " + key.second;
    profile.rules.push_back(std::move(rule));
  }
}

}  // namespace

void Plan::allow(const std::string& call, Origin origin) {
  Allowance& allowance = calls[call];
  if (allowance.whole && allowance.origin <= origin) return;
  allowance.whole = true;
  allowance.origin = std::move(origin);
  allowance.sets.clear();
}

void Plan::allow(const std::string& call, ArgSet set, Origin origin) {
  Allowance& allowance = calls[call];
  if (allowance.whole) return;
  const auto [found, fresh] = allowance.sets.try_emplace(std::move(set), origin);
  if (!fresh && origin < found->second) found->second = std::move(origin);
}

std::size_t Plan::filtered_count() const {
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [](const auto& call) { return !call.second.whole; }));
}

std::vector<FilteredPosition> filtered_positions(Arch arch, const std::string& call, ArgumentLevel level,
                                                 const Data& data) {
  std::vector<FilteredPosition> out;
  if (level == ArgumentLevel::kNone) return out;
  const PolicyPositions positions = policy_positions(syscall_info(arch, call));
  for (std::uint8_t i = 0; i < positions.count; ++i) {
    const PolicyPosition& at = positions.at.at(i);
    const ArgumentRow* best = nullptr;
    for (const ArgumentRow& row : data.arguments)
      if (row.argument == policy_arg(at.kind).vocabulary && row.level <= level &&
          (best == nullptr || row.level > best->level))
        best = &row;
    if (best != nullptr) out.push_back({at.index, best->mask.value_or(at.mask) & at.mask, best});
  }
  if (level == ArgumentLevel::kSafe && out.size() > 1) out.resize(1);
  return out;
}

Planned plan_of(const Policy& policy, const PlanOptions& options, const Data& data, Diagnostics& diagnostics) {
  return Planner(policy, options, data, diagnostics).run();
}

Profile profile_of(const Plan& plan) {
  Profile profile;
  profile.default_action = plan.denial.action;
  if (plan.denial.action == Action::kErrno) profile.default_errno_ret = plan.denial.errno_number;
  profile.architectures = plan.arches;
  if (plan.denial.logged) profile.flags = {"SECCOMP_FILTER_FLAG_LOG"};
  Grouped grouped;
  for (const auto& [name, allowance] : plan.calls) {
    if (allowance.whole) grouped[{allowance.origin, {}}].push_back(name);
    for (const auto& [set, origin] : allowance.sets) grouped[{origin, set}].push_back(name);
  }
  for (const auto& [key, names] : grouped) {
    SyscallRule rule;
    rule.names = names;
    rule.args = key.second;
    rule.comment = comment_of(key.first);
    profile.rules.push_back(std::move(rule));
  }
  if (!plan.complete && !profile.rules.empty())
    profile.rules.front().comment += " (the recording is incomplete: calls may be missing)";
  append_errnos(plan, profile);
  return profile;
}

}  // namespace cordon::seccomp
