#pragma once

#include "cli/command.h"

/// The front door's own commands.
namespace cordon::front {

inline constexpr std::string_view kTool = "cordon";

cli::CommandRow learn_command();
cli::CommandRow try_command();
cli::CommandRow doctor_command();

}  // namespace cordon::front
