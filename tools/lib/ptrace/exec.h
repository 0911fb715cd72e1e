#pragma once

#include "ptrace/world.h"

namespace cordon::exec {

/// After PTRACE_EVENT_EXEC: who the task is now, and the facts of the exec: what was asked for and what the kernel
/// mapped by itself. `launched`: the command itself, which nobody inside the recording executed.
void happened(World& world, Tracee& tracee, bool launched, const std::string& launched_path);

/// Who the task is: its program's path as it sees it, whether or not the name is still there.
void take_exe(World& world, Tracee& tracee);

}  // namespace cordon::exec
