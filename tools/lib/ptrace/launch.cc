#include "ptrace/launch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/own_profile.h"
#include "base/text.h"
#include "ptrace/filter.h"
#include "ptrace/in_place.h"
#include "ptrace/procfs.h"

namespace cordon {
namespace {

// env(1)
constexpr int kNotFound = 127;
constexpr int kNotRun = 126;
constexpr int kNotWatched = 125;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

bool executable(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

Error no_program(const std::string& name, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {ErrorCode::kBadInput, missing ? "no such command" : std::string("not executable: ") + std::strerror(error),
          name, missing ? "give its path, or check PATH" : "check its type and its x bits"};
}

/// Everything that the child needs, made before the fork: between fork and execve only async-signal-safe calls.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* shell_argv;
  char* const* environment;
  const std::vector<sock_filter>* filter;
  const OwnProfile* profile;
  int go;
  int reports;
  bool in_place;
};

void tell(int fd, const LaunchReport& report) {
  while (write(fd, &report, sizeof report) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  char byte = 0;
  ssize_t told = 0;
  while ((told = read(plan.go, &byte, 1)) < 0 && errno == EINTR) {
  }
  if (told == 0) _exit(kNotWatched);
  if (plan.in_place) prctl(PR_SET_PTRACER, 0, 0, 0, 0);
  LaunchReport report;
  if (!plan.profile->leave()) {
    report.exec_error = errno;
    tell(plan.reports, report);
    _exit(kNotRun);
  }
  if (!plan.filter->empty()) {
    bool no_new_privs = false;
    const int result = install_filter(*plan.filter, 0, no_new_privs);
    report.filter_error = result < 0 ? -result : 0;
    report.no_new_privs = no_new_privs ? 1 : 0;
  }
  tell(plan.reports, report);
  execve(plan.program, plan.argv, plan.environment);
  // execvp(3): a file without a known format is a shell script.
  if (errno == ENOEXEC && !plan.in_place) execve("/bin/sh", plan.shell_argv, plan.environment);
  report.exec_error = errno;
  tell(plan.reports, report);
  _exit(report.exec_error == ENOENT || report.exec_error == ENOTDIR ? kNotFound : kNotRun);
}

std::optional<int> yama_scope() {
  const Result<std::string> text = read_file("/proc/sys/kernel/yama/ptrace_scope", 64);
  return text ? parse_number<int>(trim(*text)) : std::nullopt;
}

}  // namespace

Result<std::string> Launch::find_program(const std::string& name) {
  if (name.empty()) return no_program(name, ENOENT);
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), F_OK) != 0) return no_program(name, errno);
    struct stat status {};
    if (stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return no_program(name, EISDIR);
    return executable(name) ? Result<std::string>(name) : no_program(name, EACCES);
  }
  const char* path = std::getenv("PATH");
  bool found_unusable = false;
  const std::string_view directories = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  for (const std::string_view directory : split(directories, ':')) {
    const std::string candidate = (directory.empty() ? "." : std::string(directory)) + "/" + name;
    if (executable(candidate)) return candidate;
    found_unusable |= access(candidate.c_str(), F_OK) == 0;
  }
  return no_program(name, found_unusable ? EACCES : ENOENT);
}

Result<pid_t> Launch::start(const RecordOptions& options, const std::string& program, std::vector<sock_filter> filter) {
  int go[2];
  int reports[2];
  if (pipe2(go, O_CLOEXEC) != 0) return errno_error(errno, "cannot make a pipe");
  go_.reset(go[1]);
  const UniqueFd child_go(go[0]);
  if (pipe2(reports, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error(errno, "cannot make a pipe");
  reports_.reset(reports[0]);
  const UniqueFd child_reports(reports[1]);

  const std::vector<char*> argv = pointers(options.argv);
  std::vector<char*> shell_argv = argv;
  char shell[] = "/bin/sh";
  shell_argv[0] = const_cast<char*>(program.c_str());
  shell_argv.insert(shell_argv.begin(), shell);
  const std::vector<char*> environment = pointers(options.environment);
  const OwnProfile profile;
  const ChildPlan plan{
      program.c_str(), argv.data(), shell_argv.data(), options.environment.empty() ? environ : environment.data(),
      &filter,         &profile,    child_go.get(),    child_reports.get(),
      options.in_place};
  const pid_t self = getpid();
  const pid_t child = options.in_place ? fork_watcher() : fork();
  if (child < 0) return errno_error(errno, "cannot fork");
  if ((child == 0) == options.in_place) return options.in_place ? self : child;
  go_.reset();  // so that the end of the recorder is seen
  reports_.reset();
  run_child(plan);
}

void Launch::go() {
  const char byte = 'g';
  while (write(go_.get(), &byte, 1) < 0 && errno == EINTR) {
  }
  go_.reset();
}

LaunchReport Launch::report() {
  LaunchReport latest;
  LaunchReport next;
  while (read(reports_.get(), &next, sizeof next) == static_cast<ssize_t>(sizeof next)) latest = next;
  return latest;
}

Error explain_refusal(int error, pid_t target, bool launched) {
  Error result{ErrorCode::kEnvironment, std::string("ptrace is not possible: ") + std::strerror(error), "", ""};
  const Credentials other = read_credentials(target);
  const Credentials own = read_credentials(getpid());
  const std::optional<int> scope = yama_scope();
  if (error == ESRCH) {
    result.what = "no such process";
    result.where = std::to_string(target);
    result.code = ErrorCode::kBadInput;
  } else if (other.tracer != 0) {
    result.what = "another tracer, process " + std::to_string(other.tracer) + " (" + read_comm(other.tracer) +
                  "), holds it already";
    result.hint = "only one tracer at a time: stop the other one, or use --engine notify";
  } else if (scope && (*scope >= 3 || (*scope == 2 && !own.has(19)) || (*scope == 1 && !launched && !own.has(19)))) {
    result.what = "the Yama security module forbids it (kernel.yama.ptrace_scope is " + std::to_string(*scope) + ")";
    result.hint = *scope >= 3 ? "scope 3 can only be lifted by a reboot"
                              : "run as root, grant CAP_SYS_PTRACE, or: sysctl kernel.yama.ptrace_scope=" +
                                    std::string(launched ? "1" : "0");
  } else if (own.seccomp == 2 && (launched || error == ENOSYS || own.has(19))) {
    result.what = "a seccomp filter of the environment forbids ptrace";
    result.hint =
        "docker and podman: --security-opt seccomp=unconfined or --cap-add SYS_PTRACE; a kernel of at least 4.8";
  } else if (!launched && other.known && other.uid[1] != own.uid[1]) {
    result.what = "process " + std::to_string(target) + " belongs to another user";
    result.hint = "run as that user or as root";
  } else if (error == ENOSYS) {
    result.hint = "this kernel or emulator has no ptrace (qemu-user has none)";
  } else {
    result.hint = "a security module or a container's limits may forbid it: see cordon doctor";
  }
  return result;
}

}  // namespace cordon
