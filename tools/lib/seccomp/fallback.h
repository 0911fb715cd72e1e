#pragma once

#include <optional>
#include <string_view>

#include "facts/operation.h"
#include "seccomp/data.h"

/// clone3(2) takes its flags behind a pointer, where no filter sees them: allowed, it makes any namespace. glibc, which
/// alone calls it for threads and posix_spawn(3), calls clone(2) with the same flags where it gives ENOSYS.
namespace cordon::seccomp {

inline constexpr std::string_view kClone3 = "clone3";

/// What a clone3 that was seen comes to.
enum class Clone3 : std::uint8_t {
  kAuto,      ///< ENOSYS where every one that was seen is of a caller that is known to fall back
  kAllow,     ///< allowed whole
  kFallback,  ///< ENOSYS
};
std::optional<Clone3> clone3_mode(std::string_view word);

/// The row that says that this call's maker falls back; none if it is no clone3, or its flags are not known, or others.
const FallbackRow* known_fallback(const SyscallOp& op, const Data& data);

/// The clone(2) that a clone3 falls back to, by the bits that a filter looks at: its namespaces. No namespaces where
/// the flags are not known.
SyscallOp fallback_call(const SyscallOp& op);

}  // namespace cordon::seccomp
