// Reading a trace is total, and a trace that this version knows wholly is written and read again as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "facts/trace_io.h"

namespace {

std::optional<cordon::Trace> read(std::string_view text) {
  cordon::Diagnostics diagnostics;
  cordon::TraceReader reader(diagnostics);
  bool good = reader.add_text(text, "input").ok();
  cordon::Trace trace = reader.finish();
  if (!good) return std::nullopt;
  return trace;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto trace = read({reinterpret_cast<const char*>(data), size});
  if (!trace) return 0;
  std::string written = cordon::write_trace(*trace);
  auto again = read(written);
  if (!again) std::abort();
  if (trace->unknown_lines == 0 && cordon::write_trace(*again) != written) std::abort();
  return 0;
}
