#include "report/escape.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"

namespace cordon::report {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Ranges that hold every code point of two columns (Unicode's EastAsianWidth.txt, W and F), and some of one.
struct Range {
  std::uint32_t first, last;
};
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},  {0x23e9, 0x23f3},
                           {0x25fd, 0x27bf},   {0x2b1b, 0x2b55},   {0x2e80, 0x303e},  {0x3040, 0xa4cf},
                           {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe10, 0xfe1f},
                           {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x16fe0, 0x18dff},
                           {0x1aff0, 0x1b2ff}, {0x1f000, 0x1faff}, {0x20000, 0x3ffff}};

/// The columns of the code point that begins at `at`, of valid UTF-8.
std::size_t width_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0xe0) return 1;  // below U+0800 nothing is wide
  std::uint32_t point = lead & (lead < 0xf0 ? 0x0f : 0x07);
  for (++at; at < text.size() && is_continuation(text[at]); ++at)
    point = point << 6 | (static_cast<unsigned char>(text[at]) & 0x3f);
  return std::any_of(std::begin(kWide), std::end(kWide),
                     [&](const Range& r) { return point >= r.first && point <= r.last; })
             ? 2
             : 1;
}

}  // namespace

std::string utf8(std::string_view bytes) { return printable(bytes); }

std::string xml(std::string_view bytes) {
  std::string out;
  for (const char c : printable(bytes)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string markdown(std::string_view bytes) {
  std::string out;
  for (const char c : printable(bytes)) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '@')
      out += "&#64;";
    else if (c == '#')
      out += "&#35;";
    else if (c == ':')
      out += "&#58;";
    else if (std::string_view("\\`*_{}[]()!|~$").find(c) != std::string_view::npos)
      (out += '\\') += c;
    else
      out += c;
  }
  return out;
}

std::string markdown_code(std::string_view bytes) {
  const auto text = printable(bytes);
  std::size_t run = 0, longest = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  std::string body;
  for (const char c : text) body += c == '|' ? std::string("\\|") : std::string(1, c);
  const bool pad = body.empty() || body.front() == '`' || body.back() == '`';
  return fence + (pad ? " " : "") + body + (pad ? " " : "") + fence;
}

std::string prometheus_label(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : printable(bytes)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string uri(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += "%" + to_hex(std::string_view(&c, 1));
  }
  return out.empty() ? "-" : out;
}

std::size_t columns(std::string_view text) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!is_continuation(text[i])) sum += width_at(text, i);
  return sum;
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t taken = 0, end = 0;
  while (end < text.size()) {
    if (!is_continuation(text[end])) {
      taken += width_at(text, end);
      if (taken > width - 1) break;
    }
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  const std::size_t room = width > indent + 20 ? width - indent : 20;
  const std::string margin(indent, ' ');
  std::string out, line;
  for (const auto word : split(text, ' ')) {
    if (!line.empty() && columns(line) + 1 + columns(word) > room) {
      out += margin + line + "\n";
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return out + margin + line + "\n";
}

}  // namespace cordon::report
