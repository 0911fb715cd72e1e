#pragma once

#include <sys/types.h>

#include <vector>

#include "facts/operation.h"

/// RecordOptions::in_place: the calling process becomes the command, and a child of it records.
namespace cordon {

/// Forks the recorder. As fork(2) to the caller; the child may trace its parent.
pid_t fork_watcher();

/// In the recorder: out of the command's session, deaf to its signals, and holding neither its input nor its output.
/// Standard error is kept for our own messages.
void leave_the_command_alone();

/// The call that ends a process is always watched: it tells that all threads go.
std::vector<SyscallOp> without_exit_group(std::vector<SyscallOp> known);

}  // namespace cordon
