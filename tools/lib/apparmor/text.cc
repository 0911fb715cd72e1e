#include "apparmor/text.h"

#include <array>

#include "base/bytes.h"

namespace cordon::apparmor {
namespace {

/// Ranges wider than this are written as "one or more of the class, then anything but a slash".
constexpr std::uint32_t kMaxSpread = 10;
constexpr std::uint32_t kMaxFixed = 128;

constexpr bool is_plain(unsigned char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("/._-+:%~=()").find(static_cast<char>(c)) != std::string_view::npos;
}

void append_octal(std::string& out, unsigned char c) {
  out += '\\';
  out += static_cast<char>('0' + (c >> 6));
  out += static_cast<char>('0' + ((c >> 3) & 7));
  out += static_cast<char>('0' + (c & 7));
}

struct ClassRow {
  Alphabet alphabet;
  std::string_view glob;
};
constexpr auto kClasses = std::to_array<ClassRow>({
    {Alphabet::kDigits, "[0-9]"},
    {Alphabet::kHexLower, "[0-9a-f]"},
    {Alphabet::kHexUpper, "[0-9A-F]"},
    {Alphabet::kHex, "[0-9a-fA-F]"},
    {Alphabet::kLowerDigits_, "[0-9a-z_]"},
    {Alphabet::kAlnum, "[0-9a-zA-Z]"},
    {Alphabet::kWord, "[-0-9a-zA-Z_.]"},  // the parser takes a '-' only in front
    {Alphabet::kComponent, "?"},
});

std::string_view class_glob(Alphabet alphabet) {
  for (const ClassRow& row : kClasses)
    if (row.alphabet == alphabet) return row.glob;
  return "?";
}

bool countable(const PathPart& part) {
  return part.max != 0 && part.max >= part.min && part.max - part.min <= kMaxSpread && part.max <= kMaxFixed;
}

/// cls cls {,cls{,cls}}: min of them, then up to max.
std::string counted_glob(std::string_view cls, std::uint32_t min, std::uint32_t max) {
  std::string out;
  for (std::uint32_t i = 0; i < min; ++i) out += cls;
  for (std::uint32_t i = min; i < max; ++i) {
    out += "{,";
    out += cls;
  }
  out.append(max - min, '}');
  return out;
}

std::string part_glob(const PathPart& part) {
  if (!part.alphabet) return escape_name(part.literal);
  if (*part.alphabet == Alphabet::kAny) return part.min == 0 ? "**" : "?**";
  const std::string_view cls = class_glob(*part.alphabet);
  if (countable(part)) return counted_glob(cls, part.min, part.max);
  std::string out;
  for (std::uint32_t i = 0; i < part.min && i < kMaxFixed; ++i) out += cls;
  return out + "*";
}

}  // namespace

std::string escape_name(std::string_view bytes) {
  const bool readable = is_utf8(bytes) && printable(bytes) == bytes;
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte) || c == ' ' || (readable && byte >= 0x80))
      out += c;
    else
      append_octal(out, byte);
  }
  return out;
}

std::string pattern_glob(const PathPattern& pattern) {
  std::string out;
  for (const PathPart& part : pattern.parts) out += part_glob(part);
  return out;
}

bool pattern_is_exact_glob(const PathPattern& pattern) {
  for (const PathPart& part : pattern.parts) {
    if (!part.alphabet || *part.alphabet == Alphabet::kAny || countable(part)) continue;
    if (*part.alphabet != Alphabet::kComponent) return false;
  }
  return true;
}

std::string quote_glob(std::string_view glob) {
  const bool plain_start =
      !glob.empty() && (glob[0] == '/' || glob[0] == '@' || is_plain(static_cast<unsigned char>(glob[0])));
  // A blank would end the word; brackets and '=' belong to conditions and flags.
  const bool quoted = !plain_start || glob.find_first_of(" ()=") != std::string_view::npos;
  if (!quoted) return std::string(glob);
  return '"' + std::string(glob) + '"';
}

std::string quote_name(std::string_view bytes) { return quote_glob(escape_name(bytes)); }

std::string unescape_name(std::string_view glob) {
  std::string out;
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] != '\\' || i + 1 == glob.size()) {
      out += glob[i];
      continue;
    }
    unsigned value = 0;
    std::size_t digits = 0;
    while (digits < 3 && i + 1 + digits < glob.size() && glob[i + 1 + digits] >= '0' && glob[i + 1 + digits] <= '7')
      value = value * 8 + static_cast<unsigned>(glob[i + 1 + digits++] - '0');
    out += digits != 0 ? static_cast<char>(value) : glob[i + 1];
    i += digits != 0 ? digits : 1;
  }
  return out;
}

bool is_glob(std::string_view glob) {
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] == '\\')
      ++i;
    else if (std::string_view("*?[{").find(glob[i]) != std::string_view::npos)
      return true;
  }
  return false;
}

std::string sayable(std::string name) {
  constexpr std::string_view kUnsayable = "*?[]{}^,\\";
  for (char& c : name)
    if (kUnsayable.find(c) != std::string_view::npos) c = '_';
  return name;
}

}  // namespace cordon::apparmor
