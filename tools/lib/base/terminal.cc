#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "base/bytes.h"
#include "base/fd.h"

namespace cordon {
namespace {

constexpr std::array<std::string_view, 6> kSgr = {"1", "2", "31", "32", "33", "36"};
constexpr long long kRefreshNs = 100'000'000;

long long now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused =
      (no_color != nullptr && *no_color != '\0') || (term != nullptr && std::string_view(term) == "dumb");
  return is_terminal(fd) && !refused;
}

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string styled(std::string_view text, Style style, bool colour) {
  if (!colour) return std::string(text);
  std::string out = "\x1b[";
  out += kSgr[static_cast<std::size_t>(style)];
  out += 'm';
  out += text;
  return out + "\x1b[0m";
}

Progress::Progress() : active_(is_terminal(STDERR_FILENO)) {}
Progress::~Progress() { clear(); }

void Progress::show(std::string_view text) {
  if (!active_ || now_ns() - last_ns_ < kRefreshNs) return;
  last_ns_ = now_ns();
  shown_ = true;
  const std::string line = "\r\x1b[K" + printable(text).substr(0, terminal_width(STDERR_FILENO) - 1);
  (void)write_all(STDERR_FILENO, line, "standard error").ok();
}

void Progress::clear() {
  if (shown_) (void)write_all(STDERR_FILENO, "\r\x1b[K", "standard error").ok();
  shown_ = false;
}

}  // namespace cordon
