#pragma once

#include "ptrace/world.h"

/// Search paths ask for the same missing names again and again: a look of the recorder's own costs a fraction of an
/// exit stop.
namespace cordon::files {

/// The call has failed with ENOENT and may do so again with the same key: it makes no name, and the recorder sees the
/// file system as the task does.
bool may_stay_missing(const Tracee& tracee);

/// There is still no such name.
bool is_missing(World& world, Tracee& tracee);

}  // namespace cordon::files
