#include "check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/terminal.h"
#include "base/text.h"
#include "facts/describe.h"
#include "facts/trace_io.h"
#include "flow/backends.h"
#include "flow/learned.h"
#include "flow/summary.h"
#include "flow/synthesise.h"
#include "inputs.h"
#include "modes.h"

namespace cordon::check_tool {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kShown = 10;

struct Checked {
  ProfileFiles profile;
  flow::Proof proof;
  std::vector<std::string> surface;
};

constexpr std::string_view ruling_word(Ruling ruling) {
  switch (ruling) {
    case Ruling::kAllowed: return "allowed";
    case Ruling::kDenied: return "denied";
    case Ruling::kCannotTell: return "cannot_tell";
    case Ruling::kNotApplicable: return "not_governed";
  }
  return "cannot_tell";
}

Json decision_json(const Fact& fact, const Decision& decision) {
  Json out = {{"id", fact_id(fact)},
              {"fact", describe(fact.operation)},
              {"ruling", ruling_word(decision.ruling)},
              {"by", printable(decision.by)},
              {"why", printable(decision.why)}};
  if (!decision.remark.empty()) out["remark"] = printable(decision.remark);
  return out;
}

Json checked_json(const Checked& checked, const Trace& trace) {
  Json decisions = Json::array();
  for (std::size_t i = 0; i < trace.facts.size(); ++i)
    decisions.push_back(decision_json(trace.facts[i], checked.proof.decisions[i]));
  Json files = Json::array();
  for (const std::string& file : checked.profile.files) files.push_back(printable(file));
  return {{"language", checked.profile.backend->name()},
          {"files", files},
          {"passed", checked.proof.passed()},
          {"allowed", checked.proof.allowed},
          {"denied", checked.proof.denied},
          {"cannot_tell", checked.proof.cannot_tell},
          {"not_governed", checked.proof.not_applicable},
          {"surface", checked.surface},
          {"decisions", decisions}};
}

void print_json(const std::vector<Checked>& all, const Trace& trace) {
  Json profiles = Json::array();
  for (const Checked& checked : all) profiles.push_back(checked_json(checked, trace));
  const Json json = {{"complete", trace.complete()}, {"facts", trace.facts.size()}, {"profiles", profiles}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_text(const std::vector<Checked>& all, const Trace& trace, std::size_t most) {
  const bool colour = wants_colour(STDOUT_FILENO);
  for (const Checked& checked : all) {
    fmt::print("{} {}\n", checked.profile.backend->name(), printable(join(checked.profile.files, " ")));
    fmt::print("{}", flow::proof_text("check", checked.proof, trace, most, colour));
    for (const std::string& line : checked.surface) fmt::print("            {}\n", printable(line));
  }
  if (!trace.complete()) fmt::print("the recording is incomplete: what it missed was not decided\n");
}

Result<std::vector<Checked>> check_all(const Inputs& inputs, const std::vector<const Backend*>& wanted,
                                       const Trace& trace, const BackendOptions& options, Diagnostics& diagnostics) {
  std::vector<Checked> all;
  for (const ProfileFiles& profile : inputs.profiles) {
    if (std::find(wanted.begin(), wanted.end(), profile.backend) == wanted.end()) continue;
    auto proof = flow::prove(*profile.backend, profile.files, trace, options, diagnostics);
    if (!proof) return proof.error();
    all.push_back({profile, std::move(*proof), surface(profile, trace, options)});
  }
  return all;
}

Result<Inputs> usable_inputs(const cli::Arguments& arguments) {
  auto inputs = sort_inputs(arguments.positionals());
  if (!inputs) return inputs;
  if (!inputs->logs.empty())
    return Error{ErrorCode::kBadInput, "neither a profile nor a recording", printable(inputs->logs[0]),
                 "turn a log into facts with 'cordon-audit facts' first"};
  if (inputs->profiles.empty())
    return Error{
        ErrorCode::kUsage, "no profile among the files", {}, "name a seccomp JSON, AppArmor or SELinux profile"};
  if (inputs->traces.empty())
    return Error{ErrorCode::kUsage, "no recording among the files", {}, "name a trace that cordon-record made"};
  return inputs;
}

Result<void> write_reports(const cli::Arguments& arguments, const std::vector<Checked>& all, const Trace& trace,
                           const BackendOptions& options) {
  if (!arguments.has("report")) return {};
  flow::Learned learned;
  learned.title = "check";
  learned.trace = &trace;
  for (const Checked& checked : all)
    learned.targets.push_back({checked.profile.backend, checked.profile.files, nullptr, &checked.proof});
  return flow::write_reports(learned, options.data_dir, arguments.get_all("report"));
}

Result<int> check(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  auto inputs = usable_inputs(arguments);
  if (!inputs) return inputs.error();
  auto options = flow::backend_options(arguments);
  if (!options) return options.error();
  const auto wanted = flow::backends_in(arguments.get_all("target"));
  if (!wanted) return wanted.error();
  auto trace = read_traces(inputs->traces, diagnostics);
  if (!trace) return trace.error();
  auto all = check_all(*inputs, *wanted, *trace, *options, diagnostics);
  if (!all) return all.error();
  if (arguments.has("json"))
    print_json(*all, *trace);
  else
    print_text(*all, *trace, arguments.has("verbose") ? trace->facts.size() : kShown);
  if (auto written = write_reports(arguments, *all, *trace, *options); !written) return written.error();
  const bool passed = std::all_of(all->begin(), all->end(), [](const Checked& c) { return c.proof.passed(); });
  return passed ? cli::kFine : cli::kFindings;
}

}  // namespace

namespace {

Result<int> run_mode(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  if (arguments.has("diff")) return diff(arguments, diagnostics);
  if (arguments.has("cost")) return cost(arguments, diagnostics);
  if (arguments.has("verify")) return verify(arguments, diagnostics);
  if (arguments.has("prune")) return prune(arguments, diagnostics);
  if (arguments.has("merge")) return merge(arguments, diagnostics);
  if (arguments.has("gate")) return gate(arguments, diagnostics);
  return check(arguments, diagnostics);
}

}  // namespace

int run(const cli::Arguments& arguments) {
  Diagnostics diagnostics;
  const auto status = run_mode(arguments, diagnostics);
  cli::show(kTool, diagnostics);
  return status ? *status : cli::fail(kTool, status.error());
}

}  // namespace cordon::check_tool
