#pragma once

#include <string_view>

#include "cli/command.h"

namespace cordon::check_tool {

inline constexpr std::string_view kTool = "cordon-check";

int run(const cli::Arguments& arguments);

}  // namespace cordon::check_tool
