#pragma once

#include <string>
#include <vector>

#include "seccomp/bpf.h"
#include "seccomp/profile.h"

/// A profile becomes BPF as the runtimes make it, through libseccomp.
namespace cordon::seccomp {

enum class Runtime : std::uint8_t {
  kPlain,  ///< libseccomp and nothing else: `cordon try`, systemd-like loaders
  kCrun,   ///< one rule a name; a repeated index makes each condition a rule of its own
  kRunc,   ///< as crun; above 32 names a binary tree, and an ENOSYS prologue in front
};
std::string_view runtime_name(Runtime runtime);

struct Compiled {
  BpfProgram program;
  std::vector<std::string> ignored;  ///< names that libseccomp does not know, in the profile's order
};

/// The rule as the runtime gives it to libseccomp: one set of conditions, or one set each where an index repeats.
std::vector<std::vector<ArgCondition>> condition_sets(const SyscallRule& rule);

/// The ABIs that the filter handles: those listed and the host's own, each once, in libseccomp's order of addition.
std::vector<Arch> filtered_arches(const Profile& profile, Arch host);

/// The profile must be resolved (no conditions left). Refused by libseccomp, too long for the kernel, or a runtime's
/// own refusal (errnoRet on an action without errno, NOTIFY as default): an error with the rule's pointer.
Result<Compiled> compile(const Profile& profile, Runtime runtime, Arch host = native_arch());

/// The same rules laid out as a binary tree by syscall number (libseccomp's optimize level 2), whatever the runtime.
Result<Compiled> compile_tree(const Profile& profile, Arch host = native_arch());

/// runc's prologue (libcontainer/seccomp/patchbpf): calls above the largest number that the profile names fail with
/// ENOSYS. None where the default action lets calls pass, or where no arch is listed.
struct StubLimit {
  Arch arch = Arch::kX86_64;
  std::uint32_t largest = 0;
};
std::vector<StubLimit> stub_limits(const Profile& profile);

}  // namespace cordon::seccomp
