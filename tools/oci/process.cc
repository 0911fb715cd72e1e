#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "base/bytes.h"
#include "base/fd.h"

namespace cordon::oci {
namespace {

constexpr int kForwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
constexpr int kAboveAll = 256;  // where descriptors wait before they take their numbers
constexpr long kLookNanoseconds = 10'000'000;

volatile pid_t child_pid = 0;

/// What a process sent on purpose; the terminal's own reach the whole group (si_code > 0).
void forward(int signal, siginfo_t* info, void*) {
  if (info->si_code <= 0 && child_pid > 0) kill(child_pid, signal);
}

std::vector<char*> pointers(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> all{const_cast<char*>(program.c_str())};
  for (const std::string& word : arguments) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

/// Socket activation names the process that it is meant for (sd_listen_fds(3)): that is the runtime now.
void pass_on_activation(pid_t parent) {
  const char* meant = std::getenv("LISTEN_PID");
  if (meant != nullptr && meant == std::to_string(parent)) setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
}

bool take_numbers(const std::vector<std::pair<int, int>>& handed) {
  std::vector<int> waiting;
  for (const auto& [ours, its] : handed) waiting.push_back(fcntl(ours, F_DUPFD_CLOEXEC, kAboveAll));
  for (std::size_t i = 0; i < handed.size(); ++i)
    if (waiting[i] < 0 || dup2(waiting[i], handed[i].second) < 0) return false;
  return true;
}

int wait_for(pid_t child, const std::function<bool()>& look) {
  int status = 0;
  bool looking = look != nullptr;
  while (true) {
    const pid_t got = waitpid(child, &status, looking ? WNOHANG : 0);
    if (got == child) return status;
    if (got < 0 && errno != EINTR) return 1 << 8;
    if (!looking || got < 0) continue;
    looking = !look();
    const timespec pause{0, kLookNanoseconds};
    if (looking) nanosleep(&pause, nullptr);
  }
}

}  // namespace

Error become(const std::string& program, const std::vector<std::string>& arguments) {
  execv(program.c_str(), pointers(program, arguments).data());
  Error error = errno_error(errno, "cannot run", printable(program));
  error.code = ErrorCode::kEnvironment;
  return error;
}

Result<int> run_through(const std::string& program, const std::vector<std::string>& arguments,
                        const std::vector<std::pair<int, int>>& handed, const std::function<bool()>& look) {
  const std::vector<char*> words = pointers(program, arguments);
  const pid_t self = getpid();
  struct sigaction action {};
  struct sigaction saved[std::size(kForwarded)];
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  action.sa_sigaction = forward;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t child = fork();
  if (child == 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    pass_on_activation(self);
    if (take_numbers(handed)) execv(program.c_str(), words.data());
    _exit(127);
  }
  const int fork_error = errno;
  child_pid = child;
  for (std::size_t i = 0; i < std::size(kForwarded); ++i) sigaction(kForwarded[i], &action, &saved[i]);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return errno_error(fork_error, "cannot fork");
  const int status = wait_for(child, look);
  child_pid = 0;
  for (std::size_t i = 0; i < std::size(kForwarded); ++i) sigaction(kForwarded[i], &saved[i], nullptr);
  return status;
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace cordon::oci
