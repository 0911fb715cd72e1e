#include "audit/line.h"

#include <array>
#include <cstring>

#include "audit/prefix.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

using std::string_view;
constexpr auto kNone = string_view::npos;
constexpr string_view kMark = "audit(";

/// memmem: an order of magnitude faster than string_view::find on long lines.
std::size_t find_text(string_view text, string_view what) {
  const void* hit = text.empty() ? nullptr : memmem(text.data(), text.size(), what.data(), what.size());
  return hit ? static_cast<std::size_t>(static_cast<const char*>(hit) - text.data()) : kNone;
}

bool starts_with(string_view text, string_view what) { return text.substr(0, what.size()) == what; }

string_view word_at(string_view text) { return text.substr(0, text.find_first_of(" \x1d")); }

string_view without_leading_blanks(string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

ParsedLine malformed(string_view problem) { return {LineKind::kMalformed, problem}; }

/// After "audit(": the stamp, "):" or ") :", the body.
ParsedLine take_stamp_and_body(string_view text, Record& record) {
  const std::size_t close = text.substr(0, 96).find(')');
  if (close == kNone) return malformed("the time and serial number are not closed by ')'");
  auto stamp = parse_stamp(text.substr(0, close));
  if (!stamp) {
    stamp = parse_local_stamp(text.substr(0, close));
    record.dialect = Dialect::kInterpreted;
  }
  if (!stamp) return malformed("the time and serial number cannot be read");
  record.time_ms = stamp->time_ms;
  record.serial = stamp->serial;
  text.remove_prefix(close + 1);
  if (starts_with(text, " :")) {
    record.dialect = Dialect::kInterpreted;
    text.remove_prefix(1);
  }
  // auditd 1.x left the ':' out of its own DAEMON_* records.
  if (text.empty() || (text.front() != ':' && text.front() != ' ')) return malformed("no ':' after the serial number");
  record.body = without_leading_blanks(text.substr(1));
  return {LineKind::kRecord, {}};
}

/// The type that old kernels print after the stamp: "audit(…): type=1503 operation=…".
ParsedLine take_type_from_body(Record& record) {
  if (!starts_with(record.body, "type=")) return malformed("the record has no type");
  const string_view name = word_at(record.body.substr(5));
  record.type = record_type_from_name(name);
  if (record.type == 0) return malformed("the record's type is unknown");
  record.body = without_leading_blanks(record.body.substr(5 + name.size()));
  return {LineKind::kRecord, {}};
}

/// Digits from `at` on, at most `most`: moved over, and their value. Null if there are none, or more.
inline const char* take_digits(const char* at, const char* end, std::ptrdiff_t most, std::uint64_t& value) {
  const char* const start = at;
  const char* const last = end - at > most ? at + most : end;
  std::uint64_t sum = 0;
  for (unsigned digit = 0; at != last && (digit = static_cast<unsigned char>(*at) - unsigned{'0'}) <= 9; ++at)
    sum = sum * 10 + digit;
  value = sum;
  return at == start ? nullptr : at;
}

/// "1162850331.422:978): BODY", to the letter. False if anything is otherwise; the careful reader then says what it is.
bool take_usual_stamp(string_view text, Record& record) {
  std::uint64_t seconds = 0, millis = 0, serial = 0;
  const char* const end = text.data() + text.size();
  const char* at = take_digits(text.data(), end, 11, seconds);
  if (at == nullptr || at == end || *at++ != '.') return false;
  const char* const point = at;
  at = take_digits(at, end, 3, millis);
  if (at == nullptr || at - point != 3 || at == end || *at++ != ':') return false;
  at = take_digits(at, end, 18, serial);
  if (at == nullptr || end - at < 3 || std::memcmp(at, "): ", 3) != 0) return false;
  record.time_ms = static_cast<std::int64_t>(seconds * 1000 + millis);
  record.serial = serial;
  record.body = without_leading_blanks({at + 3, static_cast<std::size_t>(end - at - 3)});
  return true;
}

/// auditd's own form, which is nearly every line: "[node=N ]type=T msg=audit(S): BODY".
ParsedLine parse_auditd(string_view line, Record& record) {
  if (starts_with(line, "node=")) {
    record.node = word_at(line.substr(5));
    line = without_leading_blanks(line.substr(5 + record.node.size()));
  }
  constexpr string_view kMsg = " msg=audit(";
  if (!starts_with(line, "type=")) return {};
  const string_view name = line.substr(5, std::min(line.find(' ', 5), line.size()) - 5);
  const string_view rest = line.substr(5 + name.size());
  if (!starts_with(rest, kMsg)) return {};
  record.type = record_type_from_name(name);
  record.numbered = starts_with(name, "UNKNOWN[") || (!name.empty() && name.front() <= '9');
  if (record.type == 0) return malformed("the record's type is unknown");
  const string_view stamped = rest.substr(kMsg.size());
  if (take_usual_stamp(stamped, record)) return {LineKind::kRecord, {}};
  return take_stamp_and_body(stamped, record);
}

/// The type and node that stand before "audit(", if any.
void take_before_mark(string_view before, Record& record) {
  if (const std::size_t at = before.rfind("type="); at != kNone)
    record.type = record_type_from_name(word_at(before.substr(at + 5)));
  if (const std::size_t at = before.rfind("node="); at != kNone)
    record.node = word_at(before.substr(at + 5));
  else
    record.node = parse_prefix(before).host;
}

ParsedLine parse_marked(string_view line, std::size_t mark, Record& record) {
  take_before_mark(line.substr(0, mark), record);
  const ParsedLine parsed = take_stamp_and_body(line.substr(mark + kMark.size()), record);
  if (parsed.kind != LineKind::kRecord || record.type != 0) return parsed;
  return take_type_from_body(record);
}

/// journalctl's short form of the audit transport: "… HOST audit[126]: AVC avc:  denied …".
bool parse_journal_short(string_view line, Record& record) {
  std::size_t at = find_text(line, " audit");
  if (at == kNone) return false;
  string_view rest = line.substr(at + 6);
  if (starts_with(rest, "[")) rest.remove_prefix(std::min(rest.size(), rest.find(']') + 1));
  if (!starts_with(rest, ": ")) return false;
  rest.remove_prefix(2);
  const string_view name = word_at(rest);
  record.type = name.size() >= 3 && name.find_first_of("abcdefghijklmnopqrstuvwxyz") == kNone
                    ? record_type_from_name(name)
                    : RecordType{0};
  record.body = without_leading_blanks(rest.substr(name.size()));
  return record.type != 0;
}

/// Messages that carry a decision without audit's head: of D-Bus and systemd in the journal, of kernels that log
/// before auditing is up.
struct Headless {
  string_view mark;
  RecordType type;
};
constexpr std::array kHeadless = std::to_array<Headless>({{"apparmor=\"", kUserAvc},
                                                          {"avc:  denied", kAvc},
                                                          {"avc:  granted", kAvc},
                                                          {"avc: denied", kAvc},
                                                          {"avc: granted", kAvc},
                                                          {"security_compute_sid:", kSelinuxErr}});

bool parse_headless(string_view line, Record& record) {
  for (const Headless& row : kHeadless)
    if (const std::size_t at = find_text(line, row.mark); at != kNone) {
      record.type = row.type;
      record.body = line.substr(at);
      return true;
    }
  return false;
}

/// A mark inside another program's text ("see audit(8)") is not a record.
bool is_mark(string_view line, std::size_t at) {
  const string_view after = line.substr(at + kMark.size());
  return !after.empty() && after.front() >= '0' && after.front() <= '9' && after.find_first_of(".:/-", 1) != kNone &&
         after.find_first_not_of("0123456789") != after.find(')');
}

string_view trimmed(string_view line) {
  if (!line.empty() && line.front() > ' ' && line.back() > ' ') return line;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\0' || line.back() == ' ')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == '\0' || line.front() == ' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

ParsedLine parse_line(string_view line, Record& record) {
  line = trimmed(line);
  if (line.size() < 8) return {};
  if (starts_with(line, "type=") || starts_with(line, "node=")) {
    const ParsedLine parsed = parse_auditd(line, record);
    if (parsed.kind != LineKind::kOther) return parsed;
  }
  if (const std::size_t mark = find_text(line, kMark); mark != kNone && is_mark(line, mark))
    return parse_marked(line, mark, record);
  if (!parse_journal_short(line, record) && !parse_headless(line, record)) {
    const bool meant = starts_with(line, "type=") && find_text(line, "msg=") != kNone;
    return meant ? malformed("the record's head is cut short") : ParsedLine{};
  }
  const Prefix prefix = parse_prefix(line);
  record.node = prefix.host;
  record.time_ms = prefix.time_ms;
  return {LineKind::kRecord, {}};
}

}  // namespace cordon::audit
