#pragma once

#include "ptrace/world.h"

/// Calls whose meaning lies in more than paths and descriptors, and what every call changes in the recorder's own
/// picture of the task.
namespace cordon {

/// i386's socketcall(2), ipc(2) and old mmap: puts the call behind into the task's Call, so that it is handled as if
/// it had been made directly. The syscall fact stays the one that a filter sees.
void unwrap(World& world, Tracee& tracee);

/// At entry: descriptors that are about to be closed are forgotten.
void entry_effects(World& world, Tracee& tracee);

/// At exit: descriptors made, directories and roots changed, credentials changed, filters installed.
void exit_effects(World& world, Tracee& tracee);

/// Says of an io_uring_setup what nobody sees from then on.
void note_ring(World& world, const Tracee& tracee);

}  // namespace cordon
