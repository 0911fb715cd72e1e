#include "apparmor/parser_tool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "apparmor/data.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

constexpr std::size_t kMaxBlob = std::size_t{256} << 20;
constexpr std::size_t kMaxMessages = std::size_t{1} << 20;
constexpr auto kParserPaths =
    std::to_array<const char*>({"/usr/sbin/apparmor_parser", "/sbin/apparmor_parser", "/usr/local/sbin/apparmor_parser",
                                "/usr/bin/apparmor_parser"});

/// A file in memory that the parser opens by its /proc/self/fd name. Not close-on-exec: the child needs it.
Result<UniqueFd> memory_file(const char* name, std::string_view text) {
  UniqueFd fd(memfd_create(name, 0));
  if (!fd) return errno_error(errno, "cannot make a memory file");
  if (const auto written = write_all(fd.get(), text, name); !written) return written.error();
  if (lseek(fd.get(), 0, SEEK_SET) < 0) return errno_error(errno, "cannot rewind a memory file");
  return fd;
}

std::string fd_path(const UniqueFd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return errno_error(errno, "cannot make a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// posix_spawn's file actions, destroyed with it.
class Actions {
 public:
  Actions() { posix_spawn_file_actions_init(&actions_); }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<pid_t> spawn(const std::vector<std::string>& argv, const Pipe& out, const Pipe& err) {
  Actions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(actions.get(), out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(actions.get(), err.write.get(), STDERR_FILENO);
  std::vector<char*> args;
  for (const std::string& word : argv) args.push_back(const_cast<char*>(word.c_str()));
  args.push_back(nullptr);
  std::string locale = "LC_ALL=C", path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::array<char*, 3> environment{locale.data(), path.data(), nullptr};
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, argv[0].c_str(), actions.get(), nullptr, args.data(), environment.data());
  if (failed != 0) return errno_error(failed, "cannot start", argv[0]);
  return pid;
}

/// Takes what there is; false once the stream has ended or is longer than it may be.
bool drain(int fd, std::string& into, std::size_t limit) {
  std::array<char, 65536> buffer;
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR;
  into.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0 && into.size() <= limit;
}

struct Outcome {
  int status = 0;
  bool stopped = false;  ///< by us: too long, too much
  std::string out;
  std::string err;
};

/// Reads both streams until they end, then reaps. A child that takes too long is killed.
Outcome collect(pid_t pid, const Pipe& out, const Pipe& err, unsigned limit_s) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(limit_s);
  Outcome outcome;
  std::array<pollfd, 2> fds{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || outcome.out.size() > kMaxBlob) {
      outcome.stopped = true;
      kill(pid, SIGKILL);
      break;
    }
    if (poll(fds.data(), fds.size(), static_cast<int>(std::min<long long>(left, 1000))) < 0 && errno != EINTR) break;
    if (fds[0].revents != 0 && !drain(fds[0].fd, outcome.out, kMaxBlob)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !drain(fds[1].fd, outcome.err, kMaxMessages)) fds[1].fd = -1;
  }
  while (waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

Result<Outcome> run(const std::vector<std::string>& argv, unsigned limit_s) {
  auto out = make_pipe();
  if (!out) return out.error();
  auto err = make_pipe();
  if (!err) return err.error();
  const auto pid = spawn(argv, *out, *err);
  if (!pid) return pid.error();
  out->write.reset();
  err->write.reset();
  return collect(*pid, *out, *err, limit_s);
}

bool succeeded(const Outcome& outcome) {
  return !outcome.stopped && WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0 && !outcome.out.empty();
}

/// The parser's last line that says what is wrong.
std::string complaint(const Outcome& outcome, unsigned limit_s) {
  if (outcome.stopped) return "it was stopped after " + counted(limit_s, "second");
  std::string last;
  for (const std::string_view line : split(outcome.err, '\n'))
    if (!trim(line).empty()) last = std::string(trim(line));
  return last.empty() ? "it said nothing" : printable(last);
}

std::string base_of(const CompileOptions& options) {
  const char* given = std::getenv("CORDON_APPARMOR_BASE");
  return options.base_dir.empty() && given != nullptr ? given : options.base_dir;
}

/// A parser older than the dialect cannot compile it, and nothing that it says tells so.
std::string hint_for(Dialect dialect, const std::string& base) {
  const std::string folder = base.empty() ? "/etc/apparmor.d" : base;
  if (dialect == Dialect::k30 ||
      access((folder + "/" + std::string(dialect_info(dialect).abi_file)).c_str(), R_OK) == 0)
    return {};
  return "this machine's apparmor_parser comes without " + std::string(dialect_info(dialect).abi_file) +
         ": decide where the profile is to be loaded, or write it with --abi 3.0";
}

Result<Compiled> compile(const std::string& path, const std::string& where, const CompileOptions& options) {
  const auto parser = find_parser();
  if (!parser) return parser.error();
  const auto features = memory_file("features", features_text(options.dialect));
  if (!features) return features.error();
  std::vector<std::string> argv{*parser, "-QKS", "-M", fd_path(*features), "--warn=all", "--Werror"};
  if (const std::string base = base_of(options); !base.empty()) argv.insert(argv.end(), {"-b", base});
  argv.push_back(path);
  auto strict = run(argv, options.time_limit_s);
  if (!strict) return strict.error();
  if (succeeded(*strict)) return Compiled{std::move(strict->out), std::move(strict->err)};
  std::erase(argv, "--Werror");
  auto lax = run(argv, options.time_limit_s);
  if (!lax) return lax.error();
  if (succeeded(*lax)) return Compiled{std::move(lax->out), std::move(lax->err)};
  return Error{ErrorCode::kBadInput, "apparmor_parser refuses the profile: " + complaint(*lax, options.time_limit_s),
               where, hint_for(options.dialect, base_of(options))};
}

}  // namespace

Result<std::string> find_parser() {
  if (const char* given = std::getenv("CORDON_APPARMOR_PARSER"); given != nullptr && *given != '\0') {
    if (*given == '/' && access(given, X_OK) == 0) return std::string(given);
    return Error{ErrorCode::kEnvironment, "CORDON_APPARMOR_PARSER names no program by its absolute path", given, ""};
  }
  for (const char* path : kParserPaths)
    if (access(path, X_OK) == 0) return std::string(path);
  return Error{ErrorCode::kEnvironment, "apparmor_parser is not installed", "", "apt-get install apparmor"};
}

Result<Compiled> compile_file(const std::string& path, const CompileOptions& options) {
  return compile(path, path, options);
}

Result<Compiled> compile_text(std::string_view text, const CompileOptions& options) {
  const auto profile = memory_file("profile", text);
  if (!profile) return profile.error();
  return compile(fd_path(*profile), "the profile", options);
}

Dialect dialect_of(std::string_view text) {
  const std::size_t at = text.find("abi <abi/");
  if (at == std::string_view::npos) return Dialect::k30;
  const std::string_view rest = text.substr(at + 9);
  return dialect_named(rest.substr(0, rest.find('>'))).value_or(Dialect::k30);
}

}  // namespace cordon::apparmor
