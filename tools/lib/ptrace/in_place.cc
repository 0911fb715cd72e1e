// The recorder as a child of the command: the process that was started becomes the command and keeps its pid, its
// parent, its session and its signals; a child of it watches.
#include "ptrace/in_place.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "ptrace/recorder.h"

namespace cordon {

pid_t fork_watcher() {
  // Exit signal 0: wait(2) of the command, which knows nothing of this child, passes it over (clone(2), "__WCLONE").
  const long child = syscall(SYS_clone, 0UL, nullptr, nullptr, nullptr, nullptr);
  // Yama lets a process be traced by its own descendants' tracers only where it says so (prctl(2) PR_SET_PTRACER).
  if (child > 0) prctl(PR_SET_PTRACER, static_cast<unsigned long>(child), 0, 0, 0);
  return static_cast<pid_t>(child);
}

void leave_the_command_alone() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  setsid();
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) nothing = memfd_create("nothing", MFD_CLOEXEC);
  for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO && nothing >= 0; ++fd) dup2(nothing, fd);
  if (nothing > STDERR_FILENO) close(nothing);
}

std::vector<SyscallOp> without_exit_group(std::vector<SyscallOp> known) {
  std::erase_if(known, [](const SyscallOp& call) { return call.name == "exit_group"; });
  return known;
}

/// True if the process ends with this task: it was the last one, or it takes the others along.
bool Recorder::ends_process(const Tracee& tracee, int status) const {
  const bool all_at_once = tracee.call.row != nullptr && tracee.call.row->name == "exit_group";
  return tracee.process->tasks <= 1 || WIFSIGNALED(status) || all_at_once;
}

/// PID 1 of a pid namespace takes all others with it, the recorder too (pid_namespaces(7)). So the recording is closed
/// while it stands before its end.
void Recorder::on_exit_stop(Tracee& tracee) {
  unsigned long message = 0;
  const bool last = options_.in_place && root_ == 1 && tracee.process != nullptr && tracee.process->tgid == root_ &&
                    ptrace(PTRACE_GETEVENTMSG, tracee.tid, 0, &message) == 0 &&
                    ends_process(tracee, static_cast<int>(message));
  if (!last) return resume(tracee);
  const int status = static_cast<int>(message);
  if (WIFEXITED(status)) exit_code_ = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit_signal_ = WTERMSIG(status);
  for (auto& [tid, task] : world_.tracees)
    if (task->process != nullptr) unfinished(*task);
  finished_ = true;
}

}  // namespace cordon
