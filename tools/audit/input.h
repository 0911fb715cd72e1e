#pragma once

#include <functional>
#include <memory>

#include "audit/reader.h"
#include "base/diagnostics.h"
#include "cli/command.h"

namespace cordon::audit_tool {

/// The logs that the command line names, read once.
struct Logs {
  audit::ReadCounts counts;
  Diagnostics diagnostics;
  bool unreadable = false;  ///< a source failed: exit code kBadInput
};

/// Reads all that -i, the positionals, -a, -b, -d, --live and --follow name and hands over the events.
/// `make_sink` gets the reader, so that the sink can ask it for sources' names.
using MakeSink = std::function<audit::EventSink(audit::LogReader&)>;
Logs read_input(const cli::Arguments& arguments, audit::EventFilter filter, const MakeSink& make_sink);

/// The closing line on standard error, with the first malformed lines.
void print_counts(const Logs& logs);
/// The same as a JSON object.
std::string counts_json(const audit::ReadCounts& counts);

/// kBadInput for unreadable sources, and for malformed lines under --strict; `otherwise` if there is nothing of that.
int exit_of(const Logs& logs, const cli::Arguments& arguments, int otherwise);

}  // namespace cordon::audit_tool
