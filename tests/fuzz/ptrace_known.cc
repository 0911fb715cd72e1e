// rooms: ptrace facts kernel base
// What a further run may let pass by an older trace of any bytes: only calls that the trace's own reader finds too,
// where it takes the trace.
#include <set>

#include "facts/trace_io.h"
#include "ptrace/known.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  const std::string_view text = fuzz::text_of(data, size);
  const fuzz::MemoryFile file(text);
  const auto known = known_calls(file.path(), Detail::kArgs);
  const auto by_name = known_calls(file.path(), Detail::kSet);
  fuzz::require(by_name.size() <= known.size());
  for (const SyscallOp& call : by_name) fuzz::require(call.args.empty() && !call.name.empty());
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  if (!reader.add_text(text, "input").ok()) return 0;
  const Trace trace = reader.finish();
  if (trace.unknown_lines > 0) return 0;  // a fact with another origin than this version's is kept as such a line
  std::set<SyscallOp> read;
  for (const Fact& fact : trace.facts)
    if (const auto* call = std::get_if<SyscallOp>(&fact.operation)) read.insert(*call);
  for (const SyscallOp& call : known) fuzz::require(read.contains(call));
  return 0;
}
