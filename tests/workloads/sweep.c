/* Every syscall number of the ABI that this is built for, each with arguments that the kernel refuses, so that one run
 * covers all families; left out are those that would end, stop or fork the program, or reach others. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kLast = 450 }; /* futex_waitv and set_mempolicy_home_node: what the oldest strace and libseccomp here know */

static const int kLeftOut[] = {
    SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone, SYS_pause, SYS_rt_sigsuspend, SYS_rt_sigreturn, SYS_vhangup,
    SYS_kill, SYS_tkill, SYS_tgkill, SYS_sync, SYS_reboot, SYS_ptrace, SYS_munmap, SYS_close_range, SYS_setsid,
    SYS_restart_syscall, SYS_select,
#ifdef SYS_sigsuspend
    SYS_sigsuspend, SYS_sigreturn, SYS_waitpid, SYS_signal, SYS_nice,
#endif
};

static int left_out(long number) {
  for (unsigned i = 0; i < sizeof kLeftOut / sizeof *kLeftOut; ++i)
    if (kLeftOut[i] == number) return 1;
#if defined(__x86_64__)
  return number > SYS_rseq && number < SYS_pidfd_send_signal; /* no calls, but the uprobes' trampolines */
#else
  return 0;
#endif
}

int main(void) {
  /* Results do not matter, but a number that ends or stops the child is one to be left out. */
  for (long number = 0; number <= kLast; ++number) {
    if (left_out(number)) continue;
    pid_t child = fork();
    if (child == 0) {
      alarm(20);
      syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
      syscall(SYS_exit_group, 0);
    }
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status)) {
      fprintf(stderr, "number %ld ended the program\n", number);
      return 1;
    }
  }
  return 0;
}
