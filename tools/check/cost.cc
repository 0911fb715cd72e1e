#include "seccomp/cost.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "facts/describe.h"
#include "facts/trace_io.h"
#include "flow/backends.h"
#include "modes.h"
#include "seccomp/backend.h"

namespace cordon::check_tool {
namespace {

using Json = nlohmann::ordered_json;

Result<std::string> the_profile(const Inputs& inputs) {
  const Error misuse{ErrorCode::kUsage,
                     "--cost takes one seccomp profile and its recordings",
                     {},
                     "as in: cordon-check --cost web.seccomp.json web.trace"};
  if (inputs.profiles.size() != 1 || inputs.traces.empty() || !inputs.logs.empty()) return misuse;
  const ProfileFiles& profile = inputs.profiles.front();
  if (profile.backend != &seccomp_backend() || profile.files.size() != 1) return misuse;
  return profile.files.front();
}

void print_text(const std::string& file, const seccomp::Cost& cost) {
  fmt::print("{}: {} instructions, {} as a binary tree\n", printable(file), cost.plain_length, cost.tree_length);
  fmt::print("a recorded call runs {:.1f} of them, {:.1f} in the tree: {:.2f} of the plain layout\n", cost.plain_mean,
             cost.tree_mean, cost.ratio());
  fmt::print("{:>12} {:>6} {:>6}  {}\n", "times", "plain", "tree", "call");
  for (const seccomp::CallCost& call : cost.hottest)
    fmt::print("{:>12} {:>6} {:>6}  {}\n", call.count, call.plain, call.tree, printable(describe(Operation(call.op))));
}

void print_json(const std::string& file, const seccomp::Cost& cost) {
  Json hottest = Json::array();
  for (const seccomp::CallCost& call : cost.hottest)
    hottest.push_back({{"call", printable(describe(Operation(call.op)))},
                       {"count", call.count},
                       {"plain", call.plain},
                       {"tree", call.tree}});
  const Json json = {{"file", printable(file)},
                     {"length", {{"plain", cost.plain_length}, {"tree", cost.tree_length}}},
                     {"mean", {{"plain", cost.plain_mean}, {"tree", cost.tree_mean}}},
                     {"ratio", cost.ratio()},
                     {"hottest", hottest}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Result<int> cost(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  auto inputs = sort_inputs(arguments.positionals());
  if (!inputs) return inputs.error();
  const auto file = the_profile(*inputs);
  if (!file) return file.error();
  auto options = flow::backend_options(arguments);
  if (!options) return options.error();
  auto read = seccomp::read_profile_file(*file, diagnostics);
  if (!read) return read.error();
  auto trace = read_traces(inputs->traces, diagnostics);
  if (!trace) return trace.error();
  auto found = seccomp::cost_of(seccomp::resolved(read->profile, seccomp::host_for(*options, read->dialect)), *trace);
  if (!found) return found.error();
  if (arguments.has("json"))
    print_json(*file, *found);
  else
    print_text(*file, *found);
  return cli::kFine;
}

}  // namespace cordon::check_tool
