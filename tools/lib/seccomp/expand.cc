#include "seccomp/expand.h"

#include <algorithm>
#include <optional>

#include "kernel/syscall_table.h"
#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

bool exists_on(const std::string& name, const std::vector<Arch>& arches) {
  return std::any_of(arches.begin(), arches.end(), [&](Arch arch) {
    return number_on(arch, name).has_value() || multiplexed_on(arch, name).has_value();
  });
}

std::vector<ArgSet> sets_of(const RowArg& arg) {
  std::vector<ArgSet> out;
  for (const std::uint64_t value : arg.values)
    out.push_back({{arg.index, Compare::kMaskedEq, arg.mask, value & arg.mask}});
  return out;
}

void allow_row(Plan& plan, const std::string& call, const std::optional<RowArg>& arg, const Origin& origin) {
  if (!arg) return plan.allow(call, origin);
  for (ArgSet& set : sets_of(*arg)) plan.allow(call, std::move(set), origin);
}

/// The argument of `to` that is what argument `index` of `from` is (mknod's mode is mknodat's second next).
std::optional<std::uint32_t> same_argument(const std::string& from, std::uint32_t index, const std::string& to,
                                           Arch arch) {
  const PolicyPositions here = policy_positions(syscall_info(arch, from));
  const PolicyPositions there = policy_positions(syscall_info(arch, to));
  for (std::uint8_t i = 0; i < here.count; ++i) {
    if (here.at.at(i).index != index) continue;
    for (std::uint8_t j = 0; j < there.count; ++j)
      if (there.at.at(j).kind == here.at.at(i).kind) return there.at.at(j).index;
  }
  return std::nullopt;
}

std::optional<ArgSet> moved(const ArgSet& set, const std::string& from, const std::string& to, Arch arch) {
  ArgSet out;
  for (ArgCondition condition : set) {
    const auto index = same_argument(from, condition.index, to, arch);
    if (!index) return std::nullopt;
    condition.index = *index;
    out.push_back(condition);
  }
  return out;
}

void allow_twin(Plan& plan, const std::string& seen, const Allowance& allowance, const std::string& twin,
                const TwinRow& row) {
  const bool added = allowance.whole && allowance.origin.added();
  const Origin origin{3, "twins", (added ? "granted " : "seen ") + seen + "; " + row.reason};
  if (row.arg) return allow_row(plan, twin, row.arg, origin);
  if (allowance.whole) return plan.allow(twin, origin);
  for (const auto& [set, ignored] : allowance.sets)
    if (auto there = moved(set, seen, twin, plan.arches.front())) plan.allow(twin, std::move(*there), origin);
}

/// s390x's clone(2) has its first two arguments swapped (clone(2), "C library/kernel differences").
ArgSet on_abi(const ArgSet& set, const std::string& call, Arch arch) {
  ArgSet out = set;
  if (arch == Arch::kS390x && call == "clone")
    for (ArgCondition& condition : out)
      if (condition.index < 2) condition.index = 1 - condition.index;
  return out;
}

}  // namespace

void add_timing(Plan& plan, const Data& data) {
  const auto seen_calls = plan.calls;  // what timing brings is no evidence for more
  const auto is_seen = [&](const std::string& name) { return seen_calls.contains(name); };
  for (const TimingRow& row : data.timings) {
    const auto seen = std::find_if(row.seen.begin(), row.seen.end(), is_seen);
    if (seen == row.seen.end() || !std::all_of(row.with.begin(), row.with.end(), is_seen)) continue;
    const Origin origin{3, "timing", "seen " + *seen + "; " + row.reason};
    for (const std::string& name : row.grants)
      if (exists_on(name, plan.arches)) allow_row(plan, name, row.arg, origin);
  }
}

void add_twins(Plan& plan, const Data& data) {
  const auto seen_calls = plan.calls;  // twins of twins are no twins of what was seen
  for (const TwinRow& row : data.twins)
    for (const std::string& seen : row.seen) {
      const auto found = seen_calls.find(seen);
      if (found == seen_calls.end()) continue;
      for (const std::string& twin : row.grants)
        if (!seen_calls.contains(twin) && exists_on(twin, plan.arches))
          allow_twin(plan, seen, found->second, twin, row);
    }
}

void add_pack(Plan& plan, const Pack& pack, bool new_privs) {
  for (const PackRow& row : pack.rows) {
    if (row.new_privs_only && !new_privs) continue;
    const Origin origin{4, "pack " + pack.name, row.reason};
    for (const std::string& name : row.names)
      if (exists_on(name, plan.arches)) allow_row(plan, name, row.arg, origin);
  }
}

Mapped map_to(const Plan& plan, Arch target, const Data& data) {
  Mapped out;
  out.plan = plan;
  out.plan.arches = {target};
  out.plan.calls.clear();
  for (const auto& [name, allowance] : plan.calls) {
    Allowance here = allowance;
    here.sets.clear();
    for (const auto& [set, origin] : allowance.sets) here.sets.emplace(on_abi(set, name, target), origin);
    out.plan.calls.emplace(name, std::move(here));
  }
  add_twins(out.plan, data);
  std::erase_if(out.plan.denial.explicit_errnos, [&](const auto& row) { return out.plan.calls.contains(row.first); });
  for (const auto& entry : plan.calls) {
    const std::string& name = entry.first;
    if (exists_on(name, out.plan.arches)) continue;
    out.plan.calls.erase(name);
    const bool has_twin = std::any_of(data.twins.begin(), data.twins.end(), [&](const TwinRow& row) {
      return std::find(row.seen.begin(), row.seen.end(), name) != row.seen.end() &&
             std::any_of(row.grants.begin(), row.grants.end(),
                         [&](const auto& twin) { return out.plan.calls.contains(twin); });
    });
    if (!has_twin)
      out.lost.push_back(name + " on " + std::string(arch_info(target).name) + ": no such call, and no twin");
  }
  return out;
}

}  // namespace cordon::seccomp
