#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cordon {

/// True if the descriptor is a terminal, NO_COLOR is unset or empty and TERM is not "dumb" (no-color.org).
bool wants_colour(int fd);
bool is_terminal(int fd);
/// Columns of the terminal, 80 if it is none (TIOCGWINSZ).
std::size_t terminal_width(int fd);

enum class Style : unsigned char { kBold, kDim, kRed, kGreen, kYellow, kCyan };
/// The text wrapped in SGR codes (ECMA-48) if `colour`. The text must be printable already.
std::string styled(std::string_view text, Style style, bool colour);

/// A line on standard error that rewrites itself, on a terminal only, at most ten times a second; gone when destroyed.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(std::string_view text);
  void clear();

 private:
  bool active_ = false;
  bool shown_ = false;
  long long last_ns_ = 0;
};

}  // namespace cordon
