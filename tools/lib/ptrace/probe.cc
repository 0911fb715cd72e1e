#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "ptrace/abi.h"
#include "ptrace/engine.h"
#include "ptrace/filter.h"
#include "ptrace/launch.h"

namespace cordon {
namespace {

/// Runs `trial` in a child and gives its exit code; -1 if it died.
template <class Trial>
int in_child(Trial&& trial) {
  const pid_t child = fork();
  if (child == 0) _exit(trial());
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

/// A filter that allows all, with the flags asked for: 0, or the errno.
int try_filter(unsigned flags) {
  return in_child([flags] {
    const sock_filter allow{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    bool no_new_privs = false;
    const int result = install_filter({allow}, flags, no_new_privs);
    return result < 0 ? -result : 0;
  });
}

/// SECCOMP_RET_USER_NOTIF with CONTINUE is there from 5.5 on.
bool has_notify() {
  const std::uint32_t action = SECCOMP_RET_USER_NOTIF;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
         try_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0;
}

constexpr unsigned kMostSeconds = 2;  // a child that may not be traced may not be killed either, perhaps

void try_ptrace(RecorderSupport& support) {
  const pid_t child = fork();
  if (child < 0) return;
  if (child == 0) {
    alarm(kMostSeconds);
    while (true) pause();
  }
  if (ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL) == 0 && ptrace(PTRACE_INTERRUPT, child, 0, 0) == 0 &&
      waitpid(child, nullptr, __WALL) == child) {
    support.ptrace = true;
    abi::Stop stop;
    support.syscall_info = abi::read_stop(child, stop);
  } else {
    const Error error = explain_refusal(errno, child, true);
    support.why_not = error.what;
    support.mend = error.hint;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, __WALL);
}

}  // namespace

RecorderSupport probe_recorder() {
  RecorderSupport support;
  try_ptrace(support);
  support.filter = try_filter(0) == 0;
  support.notify = support.filter && has_notify();
  if (!support.filter && support.why_not.empty()) {
    support.why_not = "no seccomp filter can be installed: recording needs two stops a call";
    support.mend = "a kernel with CONFIG_SECCOMP_FILTER, outside of a sandbox that forbids seccomp(2)";
  }
  return support;
}

}  // namespace cordon
