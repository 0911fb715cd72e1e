// rooms: audit facts
// Any bytes as a log: the counts add up, every event is one line of JSON, and the facts read back as a trace.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/denial.h"
#include "audit/event_json.h"
#include "audit/log_trace.h"
#include "audit/reader.h"
#include "base/bytes.h"
#include "facts/trace_io.h"

namespace {

using namespace cordon;
using namespace cordon::audit;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_json_line(const std::string& line) {
  require(!line.empty() && line.back() == '\n');
  require(is_utf8(line));
  for (std::size_t i = 0; i + 1 < line.size(); ++i) require(static_cast<unsigned char>(line[i]) >= 0x20);
}

struct Pass {
  ReadCounts counts;
  std::uint64_t events = 0, records = 0, decisions = 0;
  std::vector<Denial> denials;
};

Pass run(std::string_view text) {
  Pass out;
  LogReader* at = nullptr;
  const auto name = [&](std::uint32_t i) -> const std::string& { return at->source_name(i); };
  DenialStore store(Grain::kFact, name);
  ReadOptions options;
  options.filter.everything = true;
  LogReader reader(options, [&](const Event& event) {
    ++out.events;
    out.records += event.records.size();
    require_json_line(event_line(event, name));
    for (const auto form : {AppArmorForm::kJson, AppArmorForm::kText}) require(is_utf8(apparmor_lines(event, form)));
    out.decisions += decode_decisions(event, name).size();
    store.add(event);
  });
  at = &reader;
  require(reader.read(memory_source(text), "fuzz").ok());
  reader.flush();
  out.counts = reader.counts();
  out.denials = store.take();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Pass one = run(text);
  require(one.counts.used == one.records);
  require(one.counts.not_wanted == 0);
  std::uint64_t grouped = 0;
  for (const Denial& denial : one.denials) {
    grouped += denial.tally.count;
    require(denial.facts.empty() != denial.problem.empty());
    require(denial.samples.size() <= Denial::kSamples);
  }
  require(grouped == one.decisions);
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  require(reader.add_text(trace_section(one.denials, 0), "section").ok());
  const Trace trace = reader.finish();
  require(trace.runs.size() == 1);
  return 0;
}
