#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"

namespace cordon {

/// Seizes every thread of a running process, also those that start meanwhile. The leader comes first.
Result<std::vector<pid_t>> attach_all_tasks(pid_t pid, unsigned options);

}  // namespace cordon
