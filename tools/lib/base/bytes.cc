#include "base/bytes.h"

#include <array>
#include <cstdint>

namespace cordon {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  ///< 0: not UTF-8
};

/// RFC 3629 table 3-7 as rows: lead byte range, length, and the range of the second byte.
struct Utf8Row {
  std::uint8_t low, high, length, second_low, second_high;
};
constexpr std::array<Utf8Row, 9> kUtf8Rows = {{{0x00, 0x7f, 1, 0, 0},
                                               {0xc2, 0xdf, 2, 0x80, 0xbf},
                                               {0xe0, 0xe0, 3, 0xa0, 0xbf},
                                               {0xe1, 0xec, 3, 0x80, 0xbf},
                                               {0xed, 0xed, 3, 0x80, 0x9f},
                                               {0xee, 0xef, 3, 0x80, 0xbf},
                                               {0xf0, 0xf0, 4, 0x90, 0xbf},
                                               {0xf1, 0xf3, 4, 0x80, 0xbf},
                                               {0xf4, 0xf4, 4, 0x80, 0x8f}}};

const Utf8Row* row_for(std::uint8_t lead) {
  for (const Utf8Row& row : kUtf8Rows)
    if (lead >= row.low && lead <= row.high) return &row;
  return nullptr;
}

CodePoint decode_at(std::string_view bytes, std::size_t at) {
  const auto lead = static_cast<std::uint8_t>(bytes[at]);
  const Utf8Row* row = row_for(lead);
  if (row == nullptr || at + row->length > bytes.size()) return {};
  if (row->length == 1) return {lead, 1};
  std::uint32_t value = lead & (0xffu >> (row->length + 1));
  for (std::size_t i = 1; i < row->length; ++i) {
    const auto next = static_cast<std::uint8_t>(bytes[at + i]);
    const std::uint8_t low = i == 1 ? row->second_low : 0x80;
    const std::uint8_t high = i == 1 ? row->second_high : 0xbf;
    if (next < low || next > high) return {};
    value = (value << 6) | (next & 0x3fu);
  }
  return {value, row->length};
}

bool is_screen_control(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool bidi = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
                    code == 0x200f || code == 0x2028 || code == 0x2029;
  return control || bidi;
}

void append_escaped(std::string& out, char byte) {
  if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\t') {
    out += "\\t";
  } else {
    out += "\\x";
    out += to_hex(std::string_view(&byte, 1));
  }
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    hex += kHexDigits[byte >> 4];
    hex += kHexDigits[byte & 0xf];
  }
  return hex;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    if (static_cast<std::uint8_t>(bytes[at]) < 0x80) {
      ++at;
      continue;
    }
    const CodePoint point = decode_at(bytes, at);
    if (point.length == 0) return false;
    at += point.length;
  }
  return true;
}

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = decode_at(bytes, at);
    const std::size_t length = point.length == 0 ? 1 : point.length;
    if (point.length == 0 || is_screen_control(point.value)) {
      for (std::size_t i = 0; i < length; ++i) append_escaped(out, bytes[at + i]);
    } else {
      out += bytes.substr(at, length);
    }
    at += length;
  }
  return out;
}

void append_json_string(std::string& out, std::string_view utf8) {
  out += '"';
  std::size_t plain = 0;  // where the bytes that are taken as they are begin
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const char c = utf8[at];
    const bool quoted = c == '"' || c == '\\';
    if (!quoted && static_cast<std::uint8_t>(c) >= 0x20) continue;
    out.append(utf8, plain, at - plain);
    plain = at + 1;
    out += quoted ? "\\" : "\\u00";
    out += quoted ? std::string(1, c) : to_hex(std::string_view(&c, 1));
  }
  out.append(utf8, plain);
  out += '"';
}

}  // namespace cordon
