#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "facts/trace.h"

namespace cordon {

/// One call as strace(1) prints it.
struct StraceCall {
  std::int64_t pid = 0;
  std::string name;
  std::vector<std::string> args;  ///< as printed, split at the commas of the outermost level
  std::string error;              ///< errno's name, "" if it succeeded
  bool has_result = false;        ///< false: the call was cut off or does not return
};

/// Counts add up: lines = calls + resumed + signals_and_exits + skipped.
struct StraceImport {
  Trace trace;
  std::uint64_t lines = 0;
  std::uint64_t calls = 0;
  std::uint64_t resumed = 0;            ///< second halves of unfinished calls
  std::uint64_t signals_and_exits = 0;  ///< "--- SIG… ---", "+++ exited … +++"
  std::uint64_t skipped = 0;            ///< not strace's form, each a diagnostic with its line
  std::uint64_t relative_paths = 0;     ///< paths that strace does not say the directory of: only the syscall is used
};

/// One line, or nothing if it is not a call.
bool parse_strace_call(std::string_view line, StraceCall& call);

/// A string literal of strace back to bytes ("a\tb"), or nothing if it was cut ("…"...) or is none.
std::optional<std::string> strace_literal(std::string_view literal);

/// Reads `strace -f` output (with -t, -tt, -ttt, -o, [pid N] or not) into a trace of syscalls, programs and absolute
/// paths. Arguments are not taken: strace prints names, and not for every kernel's numbers.
Result<StraceImport> import_strace(const std::vector<std::string>& paths, Diagnostics& diagnostics);

}  // namespace cordon
