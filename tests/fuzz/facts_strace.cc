// strace's text: every line is a call, or is counted as something else; what is imported is a trace.
#include "facts/strace_text.h"
#include "facts/trace_io.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  const std::string_view text = fuzz::text_of(data, size);
  (void)strace_literal(text);
  const fuzz::MemoryFile file(text);
  Diagnostics diagnostics;
  const auto import = import_strace({file.path()}, diagnostics);
  if (!import) return 0;
  fuzz::require(import->lines == import->calls + import->resumed + import->signals_and_exits + import->skipped);
  TraceReader reader(diagnostics);
  fuzz::require(reader.add_text(write_trace(import->trace), "written").ok());
  fuzz::require(reader.finish().facts.size() == import->trace.facts.size());
  return 0;
}
