#pragma once

#include <string_view>

#include "cli/command.h"

/// cordon-audit's commands, one function each.
namespace cordon::audit_tool {

inline constexpr std::string_view kTool = "cordon-audit";

int allow(const cli::Arguments& arguments);
int why(const cli::Arguments& arguments);
int events(const cli::Arguments& arguments);
int facts(const cli::Arguments& arguments);

std::vector<cli::OptionRow> input_options();
std::vector<cli::OptionRow> allow_options();
std::vector<cli::OptionRow> why_options();
std::vector<cli::OptionRow> events_options();

}  // namespace cordon::audit_tool
