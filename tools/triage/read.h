#pragma once

#include "audit/reader.h"
#include "cli/command.h"
#include "triage/engine.h"

namespace cordon::triage_tool {

struct ReadOutcome {
  audit::ReadCounts counts;
  bool unreadable = false;
};

/// Reads all that the command line names into the engine. `each`, if given, is called after every denial.
ReadOutcome read_logs(const cli::Arguments& arguments, triage::Engine& engine, Diagnostics& diagnostics,
                      const std::function<void()>& each);

Result<triage::Filter> filter_of(const cli::Arguments& arguments, std::int64_t now_ms);

}  // namespace cordon::triage_tool
