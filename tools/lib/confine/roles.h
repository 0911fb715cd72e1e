#pragma once

#include <functional>
#include <string_view>

#include "cli/command.h"

namespace cordon::confine {

/// For ToolRow::before: confines the tool for the command that is about to run, by the table of roles.cc. What this
/// machine does not allow is told under --verbose, and by 'cordon doctor'.
std::function<Result<void>(std::string_view command, const cli::Arguments&)> by_role(std::string_view tool);

}  // namespace cordon::confine
