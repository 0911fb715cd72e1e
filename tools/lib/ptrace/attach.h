#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"

namespace cordon {

/// What a task is seized with (ptrace(2), PTRACE_SETOPTIONS).
unsigned trace_options(bool follow);

/// Seizes every thread of a running process, also those that start meanwhile. The leader comes first.
Result<std::vector<pid_t>> attach_all_tasks(pid_t pid, unsigned options);

/// What runs now and came of these processes, themselves left out.
std::vector<pid_t> descendants_of(const std::vector<pid_t>& pids);

}  // namespace cordon
