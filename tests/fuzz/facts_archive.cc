// rooms: facts audit base
// A compressed file of any bytes as a trace and as a log: unpacked, or refused by a sentence; and what a file holds
// does not depend on how its reader is fed.
#include "audit/reader.h"
#include "facts/trace_io.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  Diagnostics diagnostics;
  const auto trace = read_traces({file.path()}, diagnostics);
  if (!trace) fuzz::require(!trace.error().what.empty());
  std::uint64_t events = 0;
  audit::ReadOptions options;
  options.filter.everything = true;
  options.limits.max_expansion = 64;
  options.limits.expansion_floor = 1 << 20;
  audit::LogReader reader(options, [&](const audit::Event&) { ++events; });
  const auto read = reader.read(file.path());
  reader.flush();
  if (!read) fuzz::require(!read.error().what.empty());
  fuzz::require(events <= reader.counts().used);
  return 0;
}
