#pragma once

#include <optional>

#include "facts/fact.h"

namespace cordon {

/// What a profile must allow so that the program gets the same answer under it as it did in the recording.
enum class Need : std::uint8_t {
  kAll,      ///< all that the operation names
  kLookup,   ///< only that the path can be walked: the call failed before any access was decided
  kNothing,  ///< the kernel's own permission check refused first, with the errno that the confinement gives
};

Need need_of(const Fact& fact);

/// The fact's operation cut down to its need: the same for kAll, a FileOp without perms for kLookup, none for kNothing.
/// An ExecOp or a connect that failed to find its file becomes such a FileOp.
std::optional<Operation> needed_operation(const Fact& fact);

}  // namespace cordon
