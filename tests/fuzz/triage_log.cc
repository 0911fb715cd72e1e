// rooms: triage report audit
// Any log through triage and out of every report: no denial is lost, and nothing that a screen must not get comes out.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "audit/denial.h"
#include "audit/reader.h"
#include "base/bytes.h"
#include "report/triage_report.h"
#include "triage/engine.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const cordon::triage::RuleSet& rules() {
  static const auto kRules = [] {
    cordon::Diagnostics diagnostics;
    return cordon::triage::load_rules(CORDON_SOURCE_DIR "/profiles/triage", diagnostics);
  }();
  return kRules;
}

void require_quiet(const std::string& text) {
  for (const char c : text) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  require(cordon::is_utf8(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  triage::Engine engine(rules(), {});
  std::uint64_t denials = 0;
  audit::ReadOptions options;
  options.threads = false;
  const audit::LogReader* self = nullptr;
  audit::LogReader reader(options, [&](const audit::Event& event) {
    const auto name = [&](std::uint32_t index) -> const std::string& { return self->source_name(index); };
    for (const auto& denial : audit::decode_decisions(event, name)) {
      if (denial.is_denial()) denials += denial.tally.count;
      engine.add(denial);
    }
  });
  self = &reader;
  (void)reader.read(audit::memory_source(bytes), "log");
  reader.flush();
  const auto result = engine.finish({}, {}, 0);
  std::uint64_t found = result.undecoded;
  for (const auto& finding : result.findings) found += finding.count;
  require(found == denials);
  for (const auto& form :
       {report::triage_text(result, {}), report::triage_json(result), report::triage_sarif(result, "0"),
        report::triage_junit(result), report::triage_markdown(result), report::triage_prometheus(result)})
    require_quiet(form);
  return 0;
}
