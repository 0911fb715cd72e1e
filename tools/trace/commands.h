#pragma once

#include "cli/command.h"
#include "facts/trace.h"

/// cordon-trace's commands, one function each.
namespace cordon::trace_tool {

inline constexpr std::string_view kTool = "cordon-trace";

int info(const cli::Arguments& arguments);
int cat(const cli::Arguments& arguments);
int list(const cli::Arguments& arguments);
int merge(const cli::Arguments& arguments);
int diff(const cli::Arguments& arguments);
int validate(const cli::Arguments& arguments);
int import_strace(const cli::Arguments& arguments);

/// Reads the traces, telling warnings on standard error.
Result<Trace> load(const std::vector<std::string>& paths);

}  // namespace cordon::trace_tool
