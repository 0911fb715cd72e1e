/* Processes and threads: fork, vfork, raw clone, clone3, exec from a thread that is not the leader. */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void reap(pid_t child) {
  int status;
  CHECK(child > 0 && waitpid(child, &status, __WALL) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void forks(void) {
  pid_t child = fork();
  if (child == 0) _exit(syscall(SYS_getppid) > 0 ? 0 : 1);
  reap(child);
  child = vfork();
  if (child == 0) _exit(0);
  reap(child);
}

static int cloned(void* argument) { return *(int*)argument + (syscall(SYS_getsid, 0) < 0); }

static void clones(void) {
  static char stack[65536] __attribute__((aligned(16)));
  int zero = 0;
  reap(clone(cloned, stack + sizeof stack, SIGCHLD, &zero));
  /* A tracer must not be shaken off by this flag. */
  reap(clone(cloned, stack + sizeof stack, CLONE_UNTRACED | SIGCHLD, &zero));
  reap(clone(cloned, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, &zero));
#ifdef SYS_clone3
  struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
  pid_t child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) _exit(syscall(SYS_getpgid, 0) >= 0 ? 0 : 1);
  if (child > 0) CHECK(args.flags == CLONE_UNTRACED);
  if (child > 0) reap(child);
#endif
}

static void* worker(void* argument) {
  for (int i = 0; i < 100; ++i) syscall(SYS_gettid);
  return argument;
}

static void threads(void) {
  pthread_t all[8];
  for (int i = 0; i < 8; ++i) CHECK(pthread_create(&all[i], NULL, worker, NULL) == 0);
  for (int i = 0; i < 8; ++i) CHECK(pthread_join(all[i], NULL) == 0);
}

static char* const kExecArgv[] = {"tasks", "executed", NULL};

static void* executes(void* path) {
  execv(path, kExecArgv);
  return path;
}

/* The other threads, the leader too, are in the middle of their calls when one of them execs. */
static void* spins(void* argument) {
  for (;;) syscall(SYS_sched_yield);
  return argument;
}

static void exec_from_thread(char* path) {
  pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    for (int i = 0; i < 3; ++i) pthread_create(&thread, NULL, spins, NULL);
    pthread_create(&thread, NULL, executes, path);
    pause();
    _exit(1);
  }
  reap(child);
}

static void vfork_storm(char* path) {
  for (int i = 0; i < 20; ++i) {
    pid_t child = vfork();
    if (child == 0) {
      execv(path, kExecArgv);
      _exit(1);
    }
    reap(child);
  }
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "executed") == 0) return syscall(SYS_getpriority, 0, 0) < 0;
  forks();
  clones();
  threads();
  exec_from_thread("/proc/self/exe");
  vfork_storm("/proc/self/exe");
  (void)argv;
  return 0;
}
