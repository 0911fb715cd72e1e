/* Signals and job control: restarted calls, stops and continues, a process that blocks all signals. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t ticks;
static void tick(int signal) { (void)signal, ++ticks; }

static void restarts(void) {
  struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  struct itimerval every = {{0, 2000}, {0, 2000}};
  CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  pid_t child = fork();
  if (child == 0) {
    struct timespec wait = {0, 30 * 1000 * 1000};
    nanosleep(&wait, NULL);
    _exit(write(pipes[1], "x", 1) == 1 ? 0 : 1);
  }
  char byte;
  CHECK(read(pipes[0], &byte, 1) == 1); /* interrupted often, and begun again each time */
  int status;
  while (waitpid(child, &status, 0) < 0) CHECK(errno == EINTR);
  struct itimerval never = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0 && ticks > 0);
}

static void job_control(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  int status;
  for (int i = 0; i < 3; ++i) {
    CHECK(kill(child, i == 1 ? SIGTSTP : SIGSTOP) == 0);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    CHECK(WSTOPSIG(status) == (i == 1 ? SIGTSTP : SIGSTOP));
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
  }
  CHECK(kill(child, SIGTERM) == 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void stops_itself(void) {
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    _exit(7);
  }
  int status;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void blocks_everything(void) {
  sigset_t all;
  sigfillset(&all);
  CHECK(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
  CHECK(kill(getpid(), SIGUSR1) == 0 && raise(SIGTRAP) == 0);
  sigset_t pending;
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGTRAP));
  siginfo_t info;
  CHECK(sigwaitinfo(&pending, &info) > 0);
}

int main(void) {
  restarts();
  job_control();
  stops_itself();
  blocks_everything();
  return 0;
}
