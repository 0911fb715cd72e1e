#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "seccomp/bpf.h"
#include "seccomp/profile.h"
#include "seccomp/reference.h"

/// Runs a program under a filter without a container runtime, and says which calls the filter refused.
namespace cordon::seccomp {

/// A call that the filter refused, with the arguments of its first time.
struct DeniedCall {
  Call call;
  std::string name;         ///< empty if no table has the number
  std::uint32_t value = 0;  ///< SECCOMP_RET_*
  std::uint64_t count = 0;
};

struct TryOutcome {
  int exit_code = 0;     ///< the program's; 128 + N where signal N ended it
  int signal = 0;        ///< that signal, or 0
  bool watched = false;  ///< whether refused calls could be listened to
  std::string unwatched_because;
  std::vector<DeniedCall> denied;  ///< in order of their first time; each distinct call and verdict once
};

/// The profile as a program for this machine: conditions resolved, compiled by libseccomp alone. A profile that denies
/// the execve(2) by which the program starts is refused.
Result<BpfProgram> program_to_try(const Profile& profile);
/// Reads an OCI, Docker or SPO profile, or a raw program (*.bpf).
Result<BpfProgram> program_to_try(const std::string& path, Diagnostics& diagnostics);

/// Sets no_new_privs, loads the filter and runs argv (argv[0] is looked up in PATH); waits for it. Standard streams and
/// the terminal are the program's; SIGINT and SIGQUIT are left to it, SIGTERM and SIGHUP passed on. Where the kernel
/// offers a listener (seccomp_unotify(2), Linux 5.0), refused calls are answered by us exactly as the filter says, so
/// that they can be named; else the filter is loaded as it is. Descendants that outlive the program go on being
/// answered by a background process.
Result<TryOutcome> run_under_filter(const BpfProgram& program, const std::vector<std::string>& argv);

/// "socket(0x10, 0x3, 0x0) was refused with errno EPERM, 3 times".
std::string to_text(const DeniedCall& denied);

}  // namespace cordon::seccomp
