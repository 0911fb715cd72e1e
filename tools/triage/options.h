#pragma once

#include <vector>

#include "cli/command.h"

namespace cordon::triage_tool {

inline constexpr std::string_view kTool = "cordon-triage";

std::vector<cli::OptionRow> options();

/// The one command: reads, groups, proves, reports.
int run(const cli::Arguments& arguments);

}  // namespace cordon::triage_tool
