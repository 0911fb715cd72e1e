#pragma once

#include <optional>
#include <string_view>

#include "audit/record.h"

namespace cordon::audit {

enum class LineKind : std::uint8_t {
  kRecord,
  kOther,      ///< holds no audit record: syslog's daily noise, ausearch's "----" and "time->", blank lines
  kMalformed,  ///< is meant as an audit record and cannot be read
};

struct ParsedLine {
  LineKind kind = LineKind::kOther;
  std::string_view problem;  ///< of a malformed line: what is wrong, in words (static)
};

/// Reads one line of text, whatever carried it: audit.log (raw, enriched), ausearch raw and -i, audisp's and syslog's
/// prefixes (RFC 3164, RFC 5424, ISO 8601), dmesg, journalctl short, CRI. Fills type, node, time, serial, body and
/// dialect of `record`; its views point into `line`. Total and linear.
ParsedLine parse_line(std::string_view line, Record& record);

/// "1162850331.422:978" of "audit(1162850331.422:978):".
struct Stamp {
  std::int64_t time_ms = 0;
  std::uint64_t serial = 0;
};
std::optional<Stamp> parse_stamp(std::string_view text);

/// The same as `ausearch -i` prints it: "11/22/2026 14:40:36.796:19", in local time, the date as %x of some locale
/// (m/d/Y, d.m.Y, Y-m-d).
std::optional<Stamp> parse_local_stamp(std::string_view text);

}  // namespace cordon::audit
