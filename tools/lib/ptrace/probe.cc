#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "ptrace/engine.h"
#include "ptrace/filter.h"
#include "ptrace/launch.h"

namespace cordon {
namespace {

/// Runs `work` in a child; its exit code, or -1 if a signal ended it or there was no child.
template <class Work>
int in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

/// Whether a filter can be installed at all; one that allows everything, since the probe has no tracer.
bool can_filter() {
  const std::vector<sock_filter> allow_all = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  return in_child([&] {
    bool no_new_privs = false;
    return install_filter(allow_all, 0, no_new_privs) < 0 ? 1 : 0;
  }) == 0;
}

/// SECCOMP_IOCTL_NOTIF and its CONTINUE flag: the sizes can be had from 5.0, the flag came with 5.5 together with
/// SECCOMP_USER_NOTIF_FLAG_CONTINUE; pidfd_getfd(2), of 5.6, tells a kernel that surely has it.
bool has_notify() {
  seccomp_notif_sizes sizes{};
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return false;
  const auto action = static_cast<std::uint32_t>(SECCOMP_RET_USER_NOTIF);
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) return false;
  return syscall(SYS_pidfd_getfd, -1, -1, 0) != 0 && errno != ENOSYS;
}

bool has_syscall_info(pid_t stopped) {
  __ptrace_syscall_info info{};
  return ptrace(PTRACE_GET_SYSCALL_INFO, stopped, sizeof info, &info) > 0;
}

/// Seizes a child that sleeps, stops it and asks what can be asked.
void probe_ptrace(RecorderSupport& support) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  if (child < 0) {
    support.why_not = "cannot fork";
    return;
  }
  if (ptrace(PTRACE_SEIZE, child, nullptr, PTRACE_O_EXITKILL) != 0) {
    const Error refused = explain_refusal(errno, child, true);
    support.why_not = refused.what;
    support.mend = refused.hint;
  } else {
    support.ptrace = true;
    int status = 0;
    if (ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr) == 0 && waitpid(child, &status, __WALL) == child)
      support.syscall_info = has_syscall_info(child);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, __WALL);
}

}  // namespace

RecorderSupport probe_recorder() {
  RecorderSupport support;
  probe_ptrace(support);
  support.filter = can_filter();
  support.notify = has_notify();
  return support;
}

}  // namespace cordon
