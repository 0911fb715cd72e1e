#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cordon {

/// The parts between separators, empty ones included; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

/// "1 file", "2 files": the count with thousands separated by blanks, and the noun in the plural unless it is one.
std::string counted(std::size_t count, std::string_view noun);

/// The whole text as a number in `base`, or nothing.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// Splits a command into argv as a POSIX shell would split plain words: blanks separate, '…' and "…" and \ quote.
/// No expansion of any kind. Nothing if a quote is left open.
std::optional<std::vector<std::string>> split_command(std::string_view command);

}  // namespace cordon
