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

/// Facts held before a section is written: bounds the memory of `facts` on logs of any size.
constexpr std::size_t kSectionFacts = 5'000;

bool print(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

}  // namespace

std::vector<cli::OptionRow> events_options() {
  auto options = input_options();
  options.push_back({"--all-events", "", "every event, also those without a decision"});
  options.push_back({"--format", "FORM", "ndjson: normalised events; apparmor: AppArmor's records with libapparmor's field names, one object each; apparmor-text: the same as lines",
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

namespace {

/// Collects facts and writes them in sections.
class FactWriter {
 public:
  explicit FactWriter(audit::LogReader& reader)
      : store_(audit::Grain::kFact, [&reader](std::uint32_t i) -> const std::string& { return reader.source_name(i); }) {}
  void add(const audit::Event& event) {
    store_.add(event);
    if (store_.size() >= kSectionFacts) write(0);
  }
  void write(std::uint64_t malformed) {
    const auto denials = store_.take();
    std::uint64_t lost = malformed;
    for (const audit::Denial& denial : denials) {
      decisions_ += denial.tally.count;
      if (denial.facts.empty()) lost += denial.tally.count;
    }
    undecoded_ += lost - malformed;
    print(audit::trace_section(denials, lost));
  }
  std::uint64_t decisions() const { return decisions_; }
  std::uint64_t undecoded() const { return undecoded_; }

 private:
  audit::DenialStore store_;
  std::uint64_t decisions_ = 0, undecoded_ = 0;
};

}  // namespace

int facts(const cli::Arguments& arguments) {
  std::unique_ptr<FactWriter> writer;
  const Logs logs = read_input(arguments, audit::EventFilter{}, [&](audit::LogReader& reader) {
    writer = std::make_unique<FactWriter>(reader);
    return [&writer](const audit::Event& event) { writer->add(event); };
  });
  writer->write(logs.counts.malformed);
  std::fflush(stdout);
  print_counts(logs);
  std::fprintf(stderr, "%s: %s; %llu could not be made into facts\n", kTool.data(),
               counted(writer->decisions(), "decision").c_str(), static_cast<unsigned long long>(writer->undecoded()));
  return exit_of(logs, arguments, writer->undecoded() > 0 ? cli::kFindings : cli::kFine);
}

}  // namespace cordon::audit_tool
