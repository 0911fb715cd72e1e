#include "exercise.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"

extern char** environ;

namespace cordon::front {
namespace {

constexpr std::uint32_t kPollMs = 20;

struct UnitRow {
  std::string_view unit;
  std::uint32_t ms;
};
constexpr auto kUnits = std::to_array<UnitRow>({{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}});

/// True if a line of /proc/PID/net/tcp (proc_net_tcp(5)) is a listening socket (state 0A) on the port.
bool listens_on(std::string_view table, unsigned port) {
  for (const std::string_view line : split(table, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
    if (words.size() < 4 || words[3] != "0A") continue;
    const std::size_t colon = words[1].rfind(':');
    if (colon != std::string_view::npos && parse_number<unsigned>(words[1].substr(colon + 1), 16) == port) return true;
  }
  return false;
}

bool port_is_open(pid_t pid, unsigned port) {
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    const auto text = read_file("/proc/" + std::to_string(pid) + table);
    if (text && listens_on(*text, port)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint32_t> parse_duration_ms(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number<std::uint32_t>(text.substr(0, digits));
  for (const UnitRow& row : kUnits)
    if (number && row.unit == text.substr(digits) && *number <= UINT32_MAX / row.ms) return *number * row.ms;
  return std::nullopt;
}

Stopper::Stopper(StopPlan plan, StopControl& stop, const RecordProgress& progress, const std::atomic<bool>& listening)
    : plan_(std::move(plan)), stop_(stop), progress_(progress), listening_(listening) {
  if (!plan_.exercise.empty() || plan_.until_ms) thread_ = std::thread([this] { watch(); });
}

Stopper::~Stopper() { (void)finish().ok(); }

Result<void> Stopper::finish() {
  ended_ = true;
  if (thread_.joinable()) thread_.join();
  if (problem_) return *problem_;
  return {};
}

bool Stopper::pause(std::uint32_t ms) {
  const timespec wait{ms / 1000, static_cast<long>(ms % 1000) * 1'000'000};
  ::nanosleep(&wait, nullptr);
  return !ended_;
}

bool Stopper::is_ready() const {
  if (plan_.ready.empty()) return listening_;
  const auto port = parse_number<unsigned>(plan_.ready);
  if (port) return progress_.root != 0 && port_is_open(progress_.root, *port);
  struct stat st {};
  return ::stat(plan_.ready.c_str(), &st) == 0;
}

bool Stopper::wait_until_ready() {
  for (std::uint32_t waited = 0; waited < plan_.ready_timeout_ms; waited += kPollMs) {
    if (is_ready()) return true;
    if (!pause(kPollMs)) {
      problem_ = Error{ErrorCode::kRefused, "the program ended before it was ready; the exercise was not run", {}, {}};
      return false;
    }
  }
  problem_ = Error{ErrorCode::kRefused,
                   "the program was not ready in time; the exercise was not run",
                   {},
                   "name what shows that it is ready with --ready PORT or --ready PATH"};
  return false;
}

void Stopper::run_exercise() {
  std::vector<char*> argv;
  for (std::string& word : plan_.exercise) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (failed != 0) {
    problem_ = errno_error(failed, "cannot run the exercise", printable(plan_.exercise[0]));
    return;
  }
  int status = 0;
  while (true) {
    const pid_t got = ::waitpid(pid, &status, WNOHANG);
    if (got == pid || (got < 0 && errno != EINTR)) break;
    if (!pause(kPollMs)) ::kill(pid, SIGTERM);
  }
  if (status != 0)
    problem_ = Error{ErrorCode::kRefused, "the exercise failed", printable(join(plan_.exercise, " ")),
                     WIFEXITED(status) ? "it ended with " + std::to_string(WEXITSTATUS(status)) : "a signal ended it"};
}

void Stopper::watch() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  if (!plan_.exercise.empty()) {
    if (wait_until_ready()) run_exercise();
    stop_.request();
    return;
  }
  for (std::uint32_t waited = 0; waited < *plan_.until_ms; waited += kPollMs)
    if (!pause(kPollMs)) return;
  stop_.request();
}

}  // namespace cordon::front
