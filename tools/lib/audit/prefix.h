#pragma once

#include <cstdint>
#include <string_view>

namespace cordon::audit {

/// What stands before a message in syslog's formats.
struct Prefix {
  std::string_view host;     ///< empty if the prefix names none
  std::int64_t time_ms = 0;  ///< only of stamps that hold a year; 0 otherwise
};

/// RFC 3164 "Jul 24 12:25:33 HOST …", RFC 5424 "<13>1 2026-… HOST …", ISO stamps with 'T' or a blank, with and
/// without fraction and zone, CRI's "… stdout F …". An unknown prefix gives an empty result.
Prefix parse_prefix(std::string_view line);

}  // namespace cordon::audit
