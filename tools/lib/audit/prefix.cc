#include "audit/prefix.h"

#include <array>
#include <ctime>
#include <optional>

#include "base/text.h"

namespace cordon::audit {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_word(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

/// True if `text` follows the pattern, in which '0' stands for a digit.
bool matches(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '0' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  return true;
}

int number(std::string_view text, std::size_t at, std::size_t size) {
  return parse_number<int>(text.substr(at, size)).value_or(0);
}

/// "Z", "+08:00", "-0700" as seconds to subtract; 0 if there is none (UTC is assumed).
std::int64_t zone_seconds(std::string_view zone) {
  if (!matches(zone.substr(zone.empty() ? 0 : 1), "00")) return 0;
  const std::int64_t sign = zone.front() == '-' ? -1 : 1;
  const std::size_t minutes = zone.size() > 3 && zone[3] == ':' ? 4 : 3;
  return sign * (number(zone, 1, 2) * 3600 + (zone.size() >= minutes + 2 ? number(zone, minutes, 2) : 0) * 60);
}

/// "2013-01-01T15:09:04.562575+08:00" (or with a blank for the T).
std::int64_t iso_time_ms(std::string_view date, std::string_view clock) {
  std::tm when{};
  when.tm_year = number(date, 0, 4) - 1900;
  when.tm_mon = number(date, 5, 2) - 1;
  when.tm_mday = number(date, 8, 2);
  when.tm_hour = number(clock, 0, 2);
  when.tm_min = number(clock, 3, 2);
  when.tm_sec = number(clock, 6, 2);
  std::size_t at = 8;
  int millis = 0;
  if (at < clock.size() && (clock[at] == '.' || clock[at] == ',')) {
    std::size_t end = at + 1;
    while (end < clock.size() && is_digit(clock[end])) ++end;
    for (std::size_t i = 0; i < 3; ++i) millis = millis * 10 + (at + 1 + i < end ? clock[at + 1 + i] - '0' : 0);
    at = end;
  }
  return (static_cast<std::int64_t>(timegm(&when)) - zone_seconds(clock.substr(at))) * 1000 + millis;
}

/// A word that can be a host's name: not a tag ("kernel:"), a bracket, a CRI stream.
std::string_view as_host(std::string_view word) {
  if (word.empty() || word.back() == ':' || word.front() == '[' || word.front() == '<') return {};
  if (word == "stdout" || word == "stderr" || word == "-") return {};
  return word;
}

bool is_month(std::string_view word) {
  constexpr std::array kMonths = std::to_array<std::string_view>(
      {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});
  for (const auto month : kMonths)
    if (word == month) return true;
  return false;
}

}  // namespace

Prefix parse_prefix(std::string_view line) {
  if (!line.empty() && line.front() == '<') {
    const std::size_t end = line.find('>');
    if (end == std::string_view::npos || end > 4) return {};
    line.remove_prefix(end + 1);
    if (line.substr(0, 2) == "1 ") line.remove_prefix(2);
  }
  std::string_view rest = line;
  const std::string_view first = take_word(rest);
  Prefix prefix;
  if (matches(first, "0000-00-00T00:00:00")) {
    prefix.time_ms = iso_time_ms(first, first.substr(11));
  } else if (matches(first, "0000-00-00") && matches(rest.substr(rest.empty() ? 0 : 1), "00:00:00")) {
    prefix.time_ms = iso_time_ms(first, take_word(rest));
  } else if (is_month(first)) {
    take_word(rest);
    if (!matches(take_word(rest), "00:00:00")) return {};
  } else {
    return {};
  }
  prefix.host = as_host(take_word(rest));
  return prefix;
}

}  // namespace cordon::audit
