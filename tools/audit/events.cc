#include <cstdio>

#include "audit/event_json.h"
#include "audit/log_trace.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "commands.h"
#include "facts/trace_io.h"
#include "input.h"

namespace cordon::audit_tool {
namespace {

bool print(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

}  // namespace

std::vector<cli::OptionRow> events_options() {
  auto options = input_options();
  options.push_back({"--all-events", "", "every event, also those without a decision"});
  options.push_back({"--format", "FORM",
                     "ndjson: normalised events; apparmor: AppArmor's records with libapparmor's field names, one "
                     "object each; apparmor-text: the same as lines",
                     "ndjson|apparmor|apparmor-text", "ndjson"});
  return options;
}

int events(const cli::Arguments& arguments) {
  audit::EventFilter filter;
  filter.anomalies = true;
  filter.everything = arguments.has("all-events");
  const bool apparmor = arguments.get("format") != "ndjson";
  const auto form = arguments.get("format") == "apparmor" ? audit::AppArmorForm::kJson : audit::AppArmorForm::kText;
  const bool live = arguments.has("live") || arguments.has("follow");
  const Logs logs = read_input(arguments, filter, [&](audit::LogReader& reader) {
    return [&reader, apparmor, form, live](const audit::Event& event) {
      const auto name = [&reader](std::uint32_t index) -> const std::string& { return reader.source_name(index); };
      print(apparmor ? audit::apparmor_lines(event, form) : audit::event_line(event, name));
      if (live) std::fflush(stdout);
    };
  });
  std::fflush(stdout);
  print_counts(logs);
  return exit_of(logs, arguments, cli::kFine);
}

int facts(const cli::Arguments& arguments) {
  std::unique_ptr<audit::FactSections> sections;
  const Logs logs = read_input(arguments, audit::EventFilter{}, [&](audit::LogReader& reader) {
    sections = std::make_unique<audit::FactSections>(
        [&reader](std::uint32_t i) -> const std::string& { return reader.source_name(i); },
        [](const std::string& text) { print(text); });
    return [&sections](const audit::Event& event) { sections->add(event); };
  });
  sections->finish(logs.counts.malformed);
  std::fflush(stdout);
  print_counts(logs);
  std::fprintf(stderr, "%s: %s; %llu could not be made into facts\n", kTool.data(),
               counted(sections->decisions(), "decision").c_str(),
               static_cast<unsigned long long>(sections->undecoded()));
  return exit_of(logs, arguments, sections->undecoded() > 0 ? cli::kFindings : cli::kFine);
}

}  // namespace cordon::audit_tool
