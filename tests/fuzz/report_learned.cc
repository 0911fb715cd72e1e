// rooms: report policy facts
// The report on any trace, in every form: UTF-8, no control byte, no markup out of a name.
#include "base/bytes.h"
#include "report/learned.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  const Policy policy = policy_from(*trace, "fuzz");
  report::LearnedReport learned;
  learned.title = trace->facts.front().subject.exe;
  learned.tool = "cordon";
  learned.trace = &*trace;
  learned.policy = &policy;
  report::LearnedTarget target{"seccomp", {"fuzz.seccomp.json"}, nullptr, {}};
  for (std::size_t i = 0; i < trace->facts.size(); ++i)
    target.decisions.push_back({static_cast<Ruling>(i % 4), trace->facts[i].subject.comm, learned.title});
  learned.targets.push_back(std::move(target));
  for (const auto& form : {report::render_html(learned), report::render_json(learned), report::render_markdown(learned),
                           report::render_sarif(learned)}) {
    fuzz::require(is_utf8(form));
    for (const char c : form) fuzz::require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  }
  return 0;
}
