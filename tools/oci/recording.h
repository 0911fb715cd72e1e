#pragma once

#include <string>
#include <vector>

#include "oci/runtime_command.h"
#include "settings.h"

namespace cordon::oci {

/// create and run: the container's process starts under the recorder. `words` are the runtime's own. Gives the exit
/// code of the runtime; comes back from a container that is not to be recorded only if the runtime cannot be run.
Result<int> start(const Settings& settings, const std::vector<std::string>& words, const RuntimeCommand& command);

/// delete: what the recording of the container is for is written once the runtime has taken it away.
Result<int> end(const Settings& settings, const std::vector<std::string>& words, const RuntimeCommand& command);

/// "cordon-oci: error: …" on standard error, and into the log file that the runtime was to write to. Gives the exit
/// code.
int report(const Error& error, const RuntimeCommand& command);

}  // namespace cordon::oci
