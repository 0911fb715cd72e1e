#include <fmt/format.h>

#include <cstdio>

#include "base/atomic_file.h"
#include "base/text.h"
#include "commands.h"
#include "facts/strace_text.h"
#include "facts/trace_io.h"

namespace cordon::trace_tool {

int import_strace(const cli::Arguments& arguments) {
  Diagnostics diagnostics;
  const auto import = cordon::import_strace(arguments.positionals(), diagnostics);
  cli::show(kTool, diagnostics);
  if (!import) return cli::fail(kTool, import.error());
  const auto written = write_file_atomically(arguments.get("output"), write_trace(import->trace));
  if (!written) return cli::fail(kTool, written.error());
  fmt::print(stderr,
             "{}: {} read = {} calls + {} second halves + {} signals and exits + {} skipped; {}; {} with a "
             "relative path gave the syscall only\n",
             kTool, counted(import->lines, "line"), import->calls, import->resumed, import->signals_and_exits,
             import->skipped, counted(import->trace.facts.size(), "fact"), counted(import->relative_paths, "use"));
  return import->calls == 0 ? cli::kBadInput : cli::kFine;
}

}  // namespace cordon::trace_tool
