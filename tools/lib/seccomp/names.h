#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/arch.h"

/// Syscall names and numbers as libseccomp has them: profiles are compiled through it, so its tables decide.
namespace cordon::seccomp {

/// The number on an arch, or nothing where the arch has no such syscall (libseccomp's negative pseudo numbers).
std::optional<int> number_on(Arch arch, std::string_view name);

/// What libseccomp itself answers: negative for calls that the arch lacks or multiplexes (socket on i386 is -101).
int resolved_number(Arch arch, std::string_view name);

/// True where the words of seccomp_data's 64-bit arguments stand high one first.
constexpr bool is_big_endian(Arch arch) { return arch == Arch::kS390x; }

/// True where arguments have 32 bits; the kernel fills seccomp_data's upper halves with zero.
constexpr bool has_narrow_arguments(Arch arch) { return arch == Arch::kI386 || arch == Arch::kArm; }

/// The name of a number on an arch, or "".
const std::string& name_on(Arch arch, int number);

/// True if libseccomp has heard of the name on any arch. Runtimes ignore a name that it has not.
bool is_known_name(std::string_view name);

/// All names of an arch, by number; holes are left out.
const std::vector<std::string>& names_on(Arch arch);

/// The highest number that the arch's table holds.
int highest_on(Arch arch);

/// A call behind a multiplexer: on i386, s390x and ppc64le socket(2) is socketcall(SYS_SOCKET, …), and semop(2) is
/// ipc(SEMOP, …). libseccomp adds the multiplexed form to every rule, without the condition on the first argument.
struct Multiplexed {
  int number = -1;             ///< of socketcall or ipc
  std::uint32_t selector = 0;  ///< its first argument
};
std::optional<Multiplexed> multiplexed_on(Arch arch, std::string_view name);

}  // namespace cordon::seccomp
