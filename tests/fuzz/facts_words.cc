// rooms: policy facts base
// What is listed and told of a trace's facts: one line each, and nothing that a terminal would act on.
#include "base/bytes.h"
#include "facts/describe.h"
#include "facts/lists.h"
#include "facts/unseen.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  for (const cordon::ListRow& row : cordon::list_rows())
    for (const std::string& line : row.list(*trace)) fuzz::require(line.find('\n') == std::string::npos);
  for (const cordon::Fact& fact : trace->facts) {
    const std::string words = cordon::describe(fact.operation) + cordon::describe(fact.verdict);
    fuzz::require(cordon::printable(words) == words);
  }
  return 0;
}
