#include <array>
#include <ctime>

#include "audit/line.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits from the front of `text` as a number; at most 19, so that it cannot overflow.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  std::size_t at = 0;
  while (at < text.size() && at < 19 && is_digit(text[at]))
    value = value * 10 + static_cast<unsigned>(text[at++] - '0');
  if (at == 0 || (at < text.size() && is_digit(text[at]))) return std::nullopt;
  text.remove_prefix(at);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// Exactly three digits are milliseconds; auditd prints them so.
std::optional<std::uint64_t> take_millis(std::string_view& text) {
  const std::size_t before = text.size();
  const auto value = take_number(text);
  if (!value || before - text.size() > 9) return std::nullopt;
  std::uint64_t millis = *value;
  for (std::size_t digits = before - text.size(); digits > 3; --digits) millis /= 10;
  for (std::size_t digits = before - text.size(); digits < 3; ++digits) millis *= 10;
  return millis;
}

constexpr std::uint64_t kLastSecond = 253'402'300'799;  // 9999-12-31: later stamps are nonsense

struct Date {
  int year = 0, month = 0, day = 0;
};

/// Three numbers between one kind of separator; which is which follows from the separator, as in C, de and ISO.
std::optional<Date> take_date(std::string_view& text) {
  const auto first = take_number(text);
  if (!first || text.empty()) return std::nullopt;
  const char separator = text.front();
  if (separator != '/' && separator != '.' && separator != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto second = take_number(text);
  if (!second || !take(text, separator)) return std::nullopt;
  const auto third = take_number(text);
  if (!third || *first > 9999 || *second > 9999 || *third > 9999) return std::nullopt;
  const int a = static_cast<int>(*first), b = static_cast<int>(*second), c = static_cast<int>(*third);
  Date date = separator == '-' || a > 31 ? Date{a, b, c} : separator == '.' ? Date{c, b, a} : Date{c, a, b};
  if (date.year < 100) date.year += 2000;
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31 || date.year < 1970) return std::nullopt;
  return date;
}

}  // namespace

std::optional<Stamp> parse_stamp(std::string_view text) {
  const auto seconds = take_number(text);
  if (!seconds || *seconds > kLastSecond || !take(text, '.')) return std::nullopt;
  const auto millis = take_millis(text);
  if (!millis || !take(text, ':')) return std::nullopt;
  const auto serial = take_number(text);
  if (!serial || !text.empty()) return std::nullopt;
  return Stamp{static_cast<std::int64_t>(*seconds * 1000 + *millis), *serial};
}

std::optional<Stamp> parse_local_stamp(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, ' ')) return std::nullopt;
  std::array<std::uint64_t, 3> clock{};
  for (std::size_t i = 0; i < clock.size(); ++i) {
    const auto part = take_number(text);
    if (!part || *part > 60 || (i < 2 && !take(text, ':'))) return std::nullopt;
    clock[i] = *part;
  }
  if (!take(text, '.')) return std::nullopt;
  const auto millis = take_millis(text);
  if (!millis || !take(text, ':')) return std::nullopt;
  const auto serial = take_number(text);
  if (!serial || !text.empty()) return std::nullopt;
  std::tm when{};
  when.tm_year = date->year - 1900;
  when.tm_mon = date->month - 1;
  when.tm_mday = date->day;
  when.tm_hour = static_cast<int>(clock[0]);
  when.tm_min = static_cast<int>(clock[1]);
  when.tm_sec = static_cast<int>(clock[2]);
  when.tm_isdst = -1;
  return Stamp{static_cast<std::int64_t>(std::mktime(&when)) * 1000 + static_cast<std::int64_t>(*millis), *serial};
}

}  // namespace cordon::audit
