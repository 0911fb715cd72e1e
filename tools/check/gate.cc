#include <fmt/format.h>

#include <cstdio>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "facts/trace_io.h"
#include "flow/backends.h"
#include "flow/synthesise.h"
#include "modes.h"
#include "report/gate.h"

namespace cordon::check_tool {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

Result<report::GateConfig> read_config(const std::string& path) {
  auto text = read_file(path, kMaxConfigBytes);
  if (!text) return text.error();
  return report::read_gate(*text, path);
}

/// What the new recording would make of a profile's first file, to find rules that no run needs any more.
std::string fresh_text(const ProfileFiles& profile, const Trace& trace, const BackendOptions& options,
                       const std::string& file) {
  Diagnostics unused;
  Policy policy = policy_from(trace, "gate");
  const auto emission = profile.backend->emit(policy, options, unused);
  if (!emission) return {};
  for (const EmittedFile& made : emission->files)
    if (file.ends_with(made.suffix)) return made.bytes;
  return {};
}

struct Judged {
  std::vector<std::unique_ptr<Decider>> deciders;
  std::vector<report::GateProfile> profiles;
};

Result<Judged> read_committed(const std::vector<ProfileFiles>& committed, const Trace& trace,
                              const BackendOptions& options, bool look_for_unused, Diagnostics& diagnostics) {
  Judged judged;
  for (const ProfileFiles& profile : committed) {
    auto decider = profile.backend->read(profile.files, options, diagnostics);
    if (!decider) return decider.error();
    judged.deciders.push_back(std::move(*decider));
    for (const std::string& file : profile.files) {
      auto text = read_file(file);
      if (!text) return text.error();
      Decider* asked = &file == &profile.files[0] ? judged.deciders.back().get() : nullptr;
      judged.profiles.push_back({std::string(profile.backend->name()), file, std::move(*text),
                                 look_for_unused ? fresh_text(profile, trace, options, file) : std::string(), asked});
    }
  }
  return judged;
}

Result<void> write_reports(const report::GateConfig& config, const report::GateResult& result) {
  if (!config.markdown.empty())
    if (auto written = write_file_atomically(config.markdown, report::gate_markdown(result)); !written) return written;
  if (config.sarif.empty()) return {};
  return write_file_atomically(config.sarif, report::gate_sarif(result));
}

}  // namespace

/// The gate's own `for`, unless the command line says another place.
Result<BackendOptions> options_of(const cli::Arguments& arguments, const report::GateConfig& config) {
  auto options = flow::backend_options(arguments);
  if (!options || config.place.empty() || arguments.has("for")) return options;
  const auto place = flow::platform_named(config.place);
  if (!place)
    return Error{ErrorCode::kBadInput, "no place is called " + printable(config.place),
                 printable(arguments.get("gate")) + ": for", "cordon-check --help lists them at --for"};
  options->platform = *place;
  return options;
}

Result<int> gate(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  auto config = read_config(arguments.get("gate"));
  if (!config) return config.error();
  auto options = options_of(arguments, *config);
  if (!options) return options.error();
  auto given = sort_inputs(arguments.positionals());
  if (!given) return given.error();
  auto named = sort_inputs(config->profiles);
  if (!named) return named.error();
  std::vector<ProfileFiles> committed = named->profiles;
  committed.insert(committed.end(), given->profiles.begin(), given->profiles.end());
  std::vector<std::string> traces = config->traces;
  traces.insert(traces.end(), given->traces.begin(), given->traces.end());
  if (committed.empty() || traces.empty())
    return Error{ErrorCode::kUsage, committed.empty() ? "the gate has no profile" : "the gate has no recording",
                 printable(arguments.get("gate")), "name them in the file or on the command line"};
  auto trace = read_traces(traces, diagnostics);
  if (!trace) return trace.error();
  auto judged = read_committed(committed, *trace, *options, config->unused_runs != 0, diagnostics);
  if (!judged) return judged.error();
  const report::GateResult result = report::run_gate(*config, judged->profiles, *trace);
  fmt::print("{}", report::gate_text(result));
  if (auto written = write_reports(*config, result); !written) return written.error();
  return result.passed() ? cli::kFine : cli::kFindings;
}

}  // namespace cordon::check_tool
