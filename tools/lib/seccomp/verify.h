#pragma once

#include <string>
#include <vector>

#include "seccomp/reference.h"

namespace cordon::seccomp {

/// A call on which the compiled program does something else than the profile says.
struct Mismatch {
  Call call;
  std::string name;
  std::uint32_t expected = 0;
  std::uint32_t actual = 0;
};

struct Verification {
  Runtime runtime = Runtime::kPlain;
  std::size_t calls = 0;             ///< calls that were simulated
  std::size_t ambiguous = 0;         ///< rules of different actions overlap there, and the program chose one of them
  std::size_t instructions = 0;      ///< the program's length
  std::vector<Mismatch> mismatches;  ///< at most kMismatchesKept
  std::size_t mismatch_count = 0;
  std::vector<std::string> ignored;  ///< names that libseccomp does not know
};
inline constexpr std::size_t kMismatchesKept = 16;

/// Compiles the profile as the runtime does and runs the program on every number of every ABI (listed or not) and on
/// the boundaries of every comparison, against Reference.
Result<Verification> verify(const Profile& profile, Runtime runtime, Arch host = native_arch());

/// The longest of the programs that the runtimes make of the profile; the first mismatch as an error.
Result<std::size_t> proven(const Profile& profile, const std::vector<Runtime>& runtimes, Arch host = native_arch());

/// "socket(0x2, 0x5) on x86_64: the profile says allow, the filter as crun compiles it does errno EPERM".
std::string to_text(const Mismatch& mismatch, Runtime runtime);

}  // namespace cordon::seccomp
