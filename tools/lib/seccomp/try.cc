#include "seccomp/try.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "base/own_profile.h"
#include "base/text.h"
#include "seccomp/compile.h"
#include "seccomp/decide.h"
#include "seccomp/listener.h"
#include "seccomp/names.h"
#include "seccomp/read.h"

namespace cordon::seccomp {
namespace {

constexpr int kCannotRun = 126;  // env(1)
constexpr int kWaiting = -1;

/// What parent and child tell each other without system calls, which the filter might refuse.
struct Shared {
  std::atomic<int> listener{kWaiting};  ///< the child's descriptor, or -errno - 1 where it got none
  std::atomic<int> proceed{0};
  std::atomic<int> failure{0};  ///< errno of what kept the program from starting
  std::atomic<int> failed_load{0};
};

class SharedPage {
 public:
  SharedPage() : memory_(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ != MAP_FAILED) shared_ = new (memory_) Shared;
  }
  ~SharedPage() {
    if (memory_ != MAP_FAILED) munmap(memory_, sizeof(Shared));
  }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;
  Shared* get() const { return shared_; }

 private:
  void* memory_;
  Shared* shared_ = nullptr;
};

long load(const BpfProgram& program, unsigned flags) {
  sock_fprog fprog{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
}

struct Start {
  const BpfProgram& program;
  const BpfProgram& listening;  ///< empty: no listener is wanted
  const char* path;
  char* const* argv;
  const OwnProfile& profile;
};

/// In the child, after fork: async-signal-safe calls only. Never returns.
[[noreturn]] void start_program(const Start& plan, Shared& shared, const sigset_t& mask) {
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (!plan.profile.leave() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    shared.failed_load = 1;
    shared.failure = errno;
    _exit(kCannotRun);
  }
  long listener = -1;
  if (!plan.listening.empty()) listener = load(plan.listening, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (listener < 0) {
    const int why = plan.listening.empty() ? 0 : errno;
    if (load(plan.program, 0) != 0) {
      shared.failed_load = 1;
      shared.failure = errno;
      _exit(kCannotRun);
    }
    shared.listener = -why - 2;
  } else {
    shared.listener = static_cast<int>(listener);
    while (shared.proceed.load() == 0) {
    }
  }
  execve(plan.path, plan.argv, environ);
  shared.failure = errno;
  _exit(kCannotRun);
}

/// The file that execvp(3) would run; no shell is tried for files without a format.
Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path != nullptr ? path : "/bin:/usr/bin", ':')) {
    std::string candidate = (folder.empty() ? "." : std::string(folder)) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return Error{ErrorCode::kUsage, "no such command: " + name, {}, {}};
}

/// SIGINT and SIGQUIT reach the program from the terminal itself; the others are passed on.
class Signals {
 public:
  Signals() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) sigaddset(&ours, signal);
    sigprocmask(SIG_BLOCK, &ours, &before_);
    fd_.reset(signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return fd_.get(); }
  const sigset_t& before() const { return before_; }
  void pass_on(pid_t child) const {
    signalfd_siginfo info{};
    while (read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      const int signal = static_cast<int>(info.ssi_signo);
      const bool typed = signal == SIGINT || signal == SIGQUIT;
      if (!typed || info.ssi_code != SI_KERNEL) kill(child, signal);
    }
  }

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

/// Waits until the child has loaded its filter, and takes its listener. -1: it has none.
UniqueFd take_listener(Shared& shared, int child_fd, TryOutcome& outcome) {
  while (shared.listener.load() == kWaiting && shared.failure.load() == 0) {
    if (has_ended(child_fd, 1)) return {};
  }
  const int remote = shared.listener.load();
  UniqueFd fd;
  if (remote >= 0) {
    fd.reset(static_cast<int>(syscall(SYS_pidfd_getfd, child_fd, remote, 0)));
  } else if (remote < -2) {
    outcome.unwatched_because = std::string("no listener: ") + std::strerror(-remote - 2);
  }
  outcome.watched = static_cast<bool>(fd);
  return fd;
}

void set_status(int status, TryOutcome& outcome) {
  if (WIFSIGNALED(status)) {
    outcome.signal = WTERMSIG(status);
    outcome.exit_code = 128 + outcome.signal;
  } else {
    outcome.exit_code = WEXITSTATUS(status);
  }
}

Error start_failure(const Shared& shared, const std::string& path) {
  if (shared.failed_load.load() != 0) return errno_error(shared.failure.load(), "the kernel does not take the filter");
  return errno_error(shared.failure.load(), "cannot run " + path, path);
}

Error environment_error(int error, std::string what) {
  Error out = errno_error(error, std::move(what));
  out.code = ErrorCode::kEnvironment;
  return out;
}

}  // namespace

Result<BpfProgram> program_to_try(const Profile& profile) {
  const Profile plain = resolved(profile, {});
  auto compiled = compile(plain, Runtime::kPlain);
  if (!compiled) return compiled.error();
  const auto execve_number = number_on(native_arch(), "execve");
  const Call start{native_arch(), static_cast<std::uint32_t>(execve_number.value_or(0)), {}};
  if (!lets_pass(run_bpf(compiled->program, data_of(start)).value))
    return Error{ErrorCode::kRefused,
                 "the profile denies execve, so no program can be started under it",
                 {},
                 "a profile that is made without --for, or for a container engine, allows it"};
  return std::move(compiled->program);
}

Result<BpfProgram> program_to_try(const std::string& path, Diagnostics& diagnostics) {
  if (path.ends_with(".bpf")) {
    auto bytes = read_file(path, kMaxInstructions * sizeof(sock_filter) + 1);
    if (!bytes) return bytes.error();
    return bpf_from_bytes(*bytes, path);
  }
  auto read = read_profile_file(path, diagnostics);
  if (!read) return read.error();
  auto program = program_to_try(read->profile);
  if (program) return program;
  Error error = program.error();
  error.where = path + (error.where.empty() ? "" : ": " + error.where);
  return error;
}

namespace {

/// One run. Nothing: the child had a listener that could not be taken, so it was ended before it began.
Result<std::optional<TryOutcome>> run_once(const BpfProgram& program, const BpfProgram& listening,
                                           const std::string& path, char* const* argv, TryOutcome outcome) {
  const SharedPage page;
  if (page.get() == nullptr) return environment_error(errno, "cannot share memory with the program");
  const Signals signals;
  const OwnProfile profile;
  const Start plan{program, listening, path.c_str(), argv, profile};
  const pid_t child = fork();
  if (child < 0) return environment_error(errno, "cannot fork");
  if (child == 0) start_program(plan, *page.get(), signals.before());
  const UniqueFd child_fd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  const UniqueFd listener = take_listener(*page.get(), child_fd.get(), outcome);
  const bool orphaned = page.get()->listener.load() >= 0 && !listener;
  if (orphaned) kill(child, SIGKILL);  // nobody could answer its refused calls
  page.get()->proceed = 1;
  Listener answers(program, listener.get(), outcome.denied);
  while (!has_ended(child_fd.get(), 0)) answers.wait(child_fd.get(), signals.fd(), [&] { signals.pass_on(child); });
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (orphaned) return std::optional<TryOutcome>();
  if (page.get()->failure.load() != 0) return start_failure(*page.get(), path);
  answers.drain();
  answers.leave_to_background();
  set_status(status, outcome);
  return std::optional(std::move(outcome));
}

}  // namespace

Result<TryOutcome> run_under_filter(const BpfProgram& program, const std::vector<std::string>& argv) {
  if (argv.empty()) return Error{ErrorCode::kUsage, "no command", {}, {}};
  if (auto ok = check_bpf(program); !ok) return ok.error();
  auto path = find_program(argv.front());
  if (!path) return path.error();
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const BpfProgram listening = listening_variant(program);
  TryOutcome outcome;
  if (listening.empty()) outcome.unwatched_because = "the program returns computed values";
  auto done = run_once(program, listening, *path, words.data(), outcome);
  if (done && !*done) {
    outcome.unwatched_because = "the kernel does not hand over the program's listener";
    done = run_once(program, {}, *path, words.data(), outcome);
  }
  if (!done) return done.error();
  return std::move(**done);
}

std::string to_text(const DeniedCall& denied) {
  std::string args;
  for (const std::uint64_t arg : denied.call.args) args += fmt::format("{}{:#x}", args.empty() ? "" : ", ", arg);
  const std::string name = denied.name.empty() ? "syscall " + std::to_string(denied.call.number) : denied.name;
  const std::string arch =
      denied.call.arch == native_arch() ? "" : " (" + std::string(arch_info(denied.call.arch).name) + ")";
  const std::string times = denied.count > 1 ? ", " + counted(denied.count, "time") : "";
  if (name == kClone3 && denied.value == (SECCOMP_RET_ERRNO | ENOSYS))
    return fmt::format("clone3{} was answered ENOSYS, so that its caller falls back to clone{}", arch, times);
  return fmt::format("{}({}){} was refused: {}{}", name, args, arch, describe_value(denied.value), times);
}

}  // namespace cordon::seccomp
