#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/command.h"
#include "combine.h"
#include "confine/roles.h"
#include "facts/pins.h"
#include "facts/trace_io.h"
#include "flow/backends.h"
#include "flow/summary.h"
#include "flow/synthesise.h"

namespace {

using namespace cordon;

constexpr std::string_view kTool = "cordon-synth";

/// A backend and where its files go: a directory and stem, or one file of exactly that name.
struct Destination {
  const Backend* backend = nullptr;
  std::string place;
  bool is_directory = false;
};

std::vector<Destination> destinations(const cli::Arguments& arguments) {
  std::vector<Destination> wanted;
  for (const Backend* backend : flow::backends())
    if (arguments.has(backend->name()))
      wanted.push_back({backend, arguments.get(backend->name()), backend->name() == "selinux"});
  if (!wanted.empty() && !arguments.has("output")) return wanted;
  for (const Backend* backend : flow::backends())
    if (!arguments.has(backend->name())) wanted.push_back({backend, arguments.get("output"), true});
  return wanted;
}

Result<void> write_to(const Destination& destination, const std::string& name, flow::Synthesis& synthesis) {
  std::vector<flow::Synthesis> one = {synthesis};
  if (destination.is_directory) {
    if (auto made = make_directories(destination.place); !made) return made;
    auto written = flow::write_files(one, destination.place + "/" + name);
    synthesis.files = one[0].files;
    return written;
  }
  const auto& files = synthesis.emission.files;
  if (files.size() != 1)
    return Error{ErrorCode::kUsage, "this format is more than one file", destination.place, "use -o DIR"};
  synthesis.files = {destination.place};
  return write_file_atomically(destination.place, files[0].bytes);
}

Result<void> add_pins(Policy& policy, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    auto pins = read_pins(file);
    if (!pins) return pins.error();
    for (Pin& pin : *pins)
      policy.rules.push_back(Rule::pinned({{}, std::move(pin.operation), std::nullopt}, file, std::move(pin.reason)));
  }
  return {};
}

/// The program's name; where there is only a container's inspect, that file's.
std::string default_name(const Policy& policy, const std::string& container) {
  const std::filesystem::path named =
      policy.program.empty() ? std::filesystem::path(container).stem() : std::filesystem::path(policy.program);
  const std::string base = named.filename().string();
  return base.empty() || base == "-" ? "learned" : base;
}

Result<Policy> load_policy(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  Policy policy;
  if (!arguments.positionals().empty()) {
    auto trace = read_traces(arguments.positionals(), diagnostics);
    if (!trace) return trace.error();
    policy = policy_from(*trace, "");
  }
  if (arguments.has("program")) policy.program = arguments.get("program");
  policy.name = arguments.has("name") ? arguments.get("name") : default_name(policy, arguments.get("container"));
  if (auto pinned = add_pins(policy, arguments.get_all("pin")); !pinned) return pinned.error();
  return policy;
}

/// The base is handed to the language that it is written in only.
BackendOptions with_base(BackendOptions options, const Backend& backend, const cli::Arguments& arguments) {
  options.values.erase("base");
  if (!arguments.has("base")) return options;
  const std::string path = arguments.get("base");
  const auto text = read_file(path);
  if (text && backend.recognises(path, *text)) options.values["base"] = path;
  return options;
}

/// Only a container's inspect makes a profile without a recording: SELinux's, from its mounts, ports and capabilities.
Result<void> check_sources(const cli::Arguments& arguments) {
  if (!arguments.positionals().empty()) return {};
  if (!arguments.has("container"))
    return Error{ErrorCode::kUsage, "no recording", {}, "name a trace that cordon-record made"};
  if (!arguments.has("selinux") || arguments.has("seccomp") || arguments.has("apparmor") || arguments.has("output"))
    return Error{ErrorCode::kUsage,
                 "without a recording, a container's inspect makes an SELinux module only",
                 {},
                 "add --selinux DIR, or name a recording"};
  return {};
}

Result<void> synthesise(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  if (auto checked = check_sources(arguments); !checked) return checked;
  auto options = flow::backend_options(arguments);
  if (!options) return options.error();
  auto policy = load_policy(arguments, diagnostics);
  if (!policy) return policy.error();
  if (auto named = flow::check_name(policy->name); !named) return named;
  const std::vector<Destination> wanted = destinations(arguments);
  std::vector<flow::Request> requests;
  for (const Destination& destination : wanted)
    requests.push_back({destination.backend, with_base(*options, *destination.backend, arguments)});
  auto made = flow::synthesise(*policy, requests, diagnostics);
  if (!made) return made.error();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (auto written = write_to(wanted[i], policy->name, (*made)[i]); !written) return written;
    if (!arguments.has("quiet")) fmt::print(stderr, "{}", flow::synthesis_text((*made)[i], *policy));
  }
  return {};
}

int run(const cli::Arguments& arguments) {
  Diagnostics diagnostics;
  const bool of_profiles = arguments.has("merge") || arguments.has("minimise");
  const auto done = of_profiles ? synth_tool::combine(arguments, diagnostics) : synthesise(arguments, diagnostics);
  cli::show(kTool, diagnostics);
  return done ? cli::kFine : cli::fail(kTool, done.error());
}

cli::ToolRow tool() {
  std::vector<cli::OptionRow> options = {
      {"-n,--name", "NAME", "what the profiles are called; the program's name if absent"},
      {"-o,--output", "DIR", "where the files go", "", "."},
      {"--seccomp", "FILE", "write only this profile, to this file ('-' is standard output)"},
      {"--apparmor", "FILE", "likewise"},
      {"--selinux", "DIR", "likewise, its files into this directory"},
      {"--program", "PATH", "the program that the profiles attach to, where the traces name another"},
      {"--pin", "FILE", "grant what this file lists too, each with its reason (schemas/pins.schema.json)", "", "",
       true},
      {"--base", "PROFILE", "keep what this hand-written profile says and add what is needed"},
      {"--merge", "",
       "instead of recordings, take seccomp profiles, and write one that allows what any of them allows"},
      {"--minimise", "", "instead of a recording, take a seccomp profile, and write the same decisions in fewer rules"},
      {"--json", "", "with --merge or --minimise, print what was done as JSON (schemas/combine.schema.json)"},
      {"-q,--quiet", "", "print nothing but errors"},
  };
  for (cli::OptionRow& row : flow::backend_option_rows()) options.push_back(std::move(row));
  return {std::string(kTool),
          "Turns recordings into profiles.",
          {{"",
            "Turns recordings into a seccomp filter, an AppArmor profile and an SELinux module that allow what was "
            "recorded and nothing else.",
            "TRACE… | --container INSPECT.json --selinux DIR | --merge PROFILE PROFILE… | --minimise PROFILE",
            std::move(options),
            {"cordon-synth -n web -o profiles web.trace", "cordon-synth --seccomp - web.trace > web.json",
             "podman inspect web | cordon-synth -n web --selinux . --container - web.trace",
             "cordon-synth --for docker --seccomp web.json run1.trace run2.trace",
             "cordon-synth --merge --minimise --seccomp both.json web.json worker.json"},
            run}}};
}

}  // namespace

int main(int argc, char** argv) {
  cli::ToolRow row = tool();
  row.before = confine::by_role("cordon-synth");
  return cli::run_tool(row, argc, argv);
}
