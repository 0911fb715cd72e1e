#pragma once

#include "base/diagnostics.h"
#include "base/result.h"
#include "cli/command.h"

namespace cordon::synth_tool {

/// --merge PROFILE… and --minimise PROFILE: seccomp profiles made of seccomp profiles, without any recording.
Result<void> combine(const cli::Arguments& arguments, Diagnostics& diagnostics);

}  // namespace cordon::synth_tool
