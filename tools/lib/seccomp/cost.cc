#include "seccomp/cost.h"

#include <algorithm>

#include "seccomp/decide.h"
#include "seccomp/names.h"
#include "seccomp/reference.h"

namespace cordon::seccomp {
namespace {

constexpr std::size_t kHottest = 10;

std::optional<Call> call_of(const SyscallOp& op) {
  const auto number = number_on(op.arch, op.name);
  if (!number) return std::nullopt;
  Call call{op.arch, static_cast<std::uint32_t>(*number), {}};
  for (const ArgPredicate& arg : op.args)
    if (arg.index < 6) call.args.at(arg.index) = arg.value;
  return call;
}

/// All programs and outcomes together: a filter knows neither.
std::map<SyscallOp, std::uint64_t> counted_calls(const Trace& trace) {
  std::map<SyscallOp, std::uint64_t> out;
  for (const Fact& fact : trace.facts)
    if (const auto* op = std::get_if<SyscallOp>(&fact.operation)) out[*op] += fact.tally.count;
  return out;
}

}  // namespace

Result<Cost> cost_of(const Profile& profile, const Trace& trace, Arch host) {
  auto plain = compile(profile, Runtime::kPlain, host);
  if (!plain) return plain.error();
  auto tree = compile_tree(profile, host);
  if (!tree) return tree.error();
  Cost cost;
  cost.plain_length = plain->program.size();
  cost.tree_length = tree->program.size();
  double calls = 0;
  for (const auto& [op, count] : counted_calls(trace)) {
    const auto call = call_of(op);
    if (!call) continue;
    const seccomp_data data = data_of(*call);
    cost.hottest.push_back({op, count, run_bpf(plain->program, data).steps, run_bpf(tree->program, data).steps});
    const auto weight = static_cast<double>(std::max<std::uint64_t>(1, count));
    calls += weight;
    cost.plain_mean += weight * cost.hottest.back().plain;
    cost.tree_mean += weight * cost.hottest.back().tree;
  }
  if (calls > 0) {
    cost.plain_mean /= calls;
    cost.tree_mean /= calls;
  }
  std::stable_sort(cost.hottest.begin(), cost.hottest.end(),
                   [](const CallCost& a, const CallCost& b) { return a.count > b.count; });
  if (cost.hottest.size() > kHottest) cost.hottest.resize(kHottest);
  return cost;
}

Result<bool> tree_pays(const Profile& profile, Arch host) {
  const auto means = layout_means(profile, host);
  if (!means) return means.error();
  return means->tree < means->plain;
}

Result<LayoutMeans> layout_means(const Profile& profile, Arch host) {
  auto plain = compile(profile, Runtime::kPlain, host);
  if (!plain) return plain.error();
  auto tree = compile_tree(profile, host);
  if (!tree) return tree.error();
  LayoutMeans out;
  double calls = 0;
  for (const std::string& name : names_on(host)) {
    const seccomp_data data = data_of({host, static_cast<std::uint32_t>(*number_on(host, name)), {}});
    const BpfRun run = run_bpf(plain->program, data);
    if (!lets_pass(run.value)) continue;
    ++calls;
    out.plain += run.steps;
    out.tree += run_bpf(tree->program, data).steps;
  }
  if (calls > 0) {
    out.plain /= calls;
    out.tree /= calls;
  }
  return out;
}

}  // namespace cordon::seccomp
