#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "audit/log_trace.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "facts/trace_io.h"
#include "modes.h"
#include "selinux/container_info.h"
#include "selinux/diff.h"
#include "selinux/module_files.h"
#include "selinux/needed.h"
#include "selinux/peers.h"
#include "selinux_inputs.h"

namespace cordon::check_tool {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMaxInspectBytes = std::size_t{32} << 20;

std::size_t permissions_of(const selinux::Module& module) {
  std::size_t count = 0;
  for (const auto& [access, perms] : module.rules) count += access.kind == selinux::RuleKind::kAllow ? perms.size() : 0;
  return count;
}

Result<Trace> recorded(const Inputs& inputs, Diagnostics& diagnostics) {
  Trace trace;
  if (!inputs.traces.empty()) {
    auto read = read_traces(inputs.traces, diagnostics);
    if (!read) return read.error();
    trace = std::move(*read);
  }
  if (inputs.logs.empty()) return trace;
  auto log = audit::read_log_facts(inputs.logs, {}, diagnostics);
  if (!log) return log.error();
  trace.facts.insert(trace.facts.end(), log->trace.facts.begin(), log->trace.facts.end());
  return trace;
}

Result<selinux::Vectors> needed(const cli::Arguments& arguments, const Trace& trace, const selinux::Module& module,
                                const selinux::PolicyDb& policy) {
  auto labels = selinux_labels(arguments);
  if (!labels) return labels.error();
  auto peers = selinux::read_peers(arguments.get("peer"), policy);
  if (!peers) return peers.error();
  if (!arguments.has("container"))
    return needed_vectors(policy_from(trace, module.name), module, policy, *labels, {std::move(*peers), nullptr});
  auto text = read_file(arguments.get("container"), kMaxInspectBytes);
  if (!text) return text.error();
  auto info = selinux::read_container_info(*text, printable(arguments.get("container")));
  if (!info) return info.error();
  return needed_vectors(policy_from(trace, module.name), module, policy, *labels, {std::move(*peers), &*info});
}

void print_text(const selinux::Pruned& pruned, std::size_t all) {
  for (const selinux::Dropped& one : pruned.dropped) fmt::print("- {} {}\n", printable(one.rule), one.why);
  fmt::print("{} of {} can go\n", pruned.dropped.size(), counted(all, "permission"));
}

void print_json(const selinux::Pruned& pruned, std::size_t all) {
  Json rows = Json::array();
  for (const selinux::Dropped& one : pruned.dropped)
    rows.push_back({{"rule", printable(one.rule)}, {"why", printable(one.why)}});
  const Json json = {{"permissions", all}, {"kept", all - pruned.dropped.size()}, {"dropped", rows}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

/// The policy holds the module already where it knows the module's own types: then it "allows" all of it.
void warn_of_installed(const selinux::Module& module, const selinux::PolicyDb& policy, Diagnostics& diagnostics) {
  for (const std::string& type : module.types)
    if (policy.has_type(type)) {
      diagnostics.warn(fmt::format("the policy has the module's type {} already", type), policy.where(),
                       "give the policy without the module with --policy, else its own rules count as the base's");
      return;
    }
}

}  // namespace

Result<int> prune(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  auto inputs = sort_inputs(arguments.positionals());
  if (!inputs) return inputs.error();
  if (inputs->profiles.size() != 1 || inputs->profiles[0].backend->name() != "selinux")
    return Error{
        ErrorCode::kUsage, "--prune takes one SELinux module", {}, "as in: cordon-check --prune web.cil web.trace"};
  auto policy = selinux_policy(arguments);
  if (!policy) return policy.error();
  auto module = selinux::read_module(inputs->profiles[0].files, policy->mls(), diagnostics);
  if (!module) return module.error();
  if (module->name.empty()) module->name = selinux::module_name_of(inputs->profiles[0].files[0]);
  warn_of_installed(*module, *policy, diagnostics);
  std::optional<selinux::Vectors> wanted;
  if (!inputs->traces.empty() || !inputs->logs.empty()) {
    auto trace = recorded(*inputs, diagnostics);
    if (!trace) return trace.error();
    if (diagnostics.has_errors()) return cli::kBadInput;
    auto found = needed(arguments, *trace, *module, *policy);
    if (!found) return found.error();
    wanted = std::move(*found);
  }
  const selinux::Pruned pruned = prune_module(*module, *policy, wanted ? &*wanted : nullptr);
  const bool to_output = arguments.get("output") == "-";
  if (arguments.has("json"))
    print_json(pruned, permissions_of(*module));
  else if (!to_output)
    print_text(pruned, permissions_of(*module));
  if (!arguments.has("output")) return pruned.dropped.empty() ? cli::kFine : cli::kFindings;
  if (auto written = write_module(pruned.module, arguments.get("output"), &*policy); !written) return written.error();
  return cli::kFine;
}

}  // namespace cordon::check_tool
