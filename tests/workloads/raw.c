/* Tasks as Go makes them: raw clone with the flags of its runtime, no pthreads, calls without a C library's wrappers;
 * an exec by such a thread while others are in their calls; and a child that clone3 puts into a cgroup. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* runtime/os_linux.go: cloneFlags; the kernel clears and wakes `alive` when the thread is gone. */
enum { kGoFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD, kThreads = 8, kStack = 65536 };
static volatile int alive[kThreads];

static void start(int (*run)(void*), void* argument, int slot) {
  char* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  CHECK(stack != MAP_FAILED);
  alive[slot] = 1;
  CHECK(clone(run, stack + kStack, kGoFlags | CLONE_CHILD_CLEARTID, argument, NULL, NULL, (void*)&alive[slot]) > 0);
}

static void join(int slot) {
  for (int is; (is = alive[slot]) != 0;) syscall(SYS_futex, &alive[slot], FUTEX_WAIT, is, NULL, NULL, 0);
}

static int calls(void* argument) {
  for (int i = 0; i < 200; ++i) syscall(SYS_gettid);
  syscall(SYS_getpriority, 0, 0);
  syscall(SYS_exit, 0);
  return argument == NULL;
}

static int spins(void* argument) {
  for (;;) syscall(SYS_sched_yield);
  return argument == NULL;
}

static int executes(void* argument) {
  char* const words[] = {"raw", "--end", NULL};
  execv("/proc/self/exe", words);
  _exit(1);
  return argument == NULL;
}

static void reap(pid_t child) {
  int status;
  CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void exec_among_threads(void) {
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; ++i) start(spins, NULL, i);
    start(executes, NULL, 3);
    for (;;) syscall(SYS_sched_yield);
  }
  reap(child);
}

/* Its own cgroup, so that no privilege but the right to write there is needed. */
static int own_cgroup(void) {
  char line[4096], path[4200];
  FILE* file = fopen("/proc/self/cgroup", "r");
  int fd = -1;
  while (file != NULL && fd < 0 && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "0::", 3) != 0) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s", line + 3);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (file != NULL) fclose(file);
  return fd;
}

static void into_cgroup(void) {
  int group = own_cgroup();
  struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group};
  pid_t child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) syscall(SYS_exit_group, syscall(SYS_getpgid, 0) < 0);
  if (child > 0) reap(child); /* refused where there is no cgroup2: the call has been made all the same */
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--end") == 0) return syscall(SYS_getsid, 0) < 0;
  for (int i = 0; i < kThreads; ++i) start(calls, NULL, i);
  for (int i = 0; i < kThreads; ++i) join(i);
  exec_among_threads();
  into_cgroup();
  return 0;
}
