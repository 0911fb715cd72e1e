#include "audit/fields.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "audit/key_table.h"
#include "base/bytes.h"

namespace cordon::audit {
namespace {

constexpr char kEnrichedSeparator = '\x1d';

enum : std::uint8_t { kBlank = 1, kKeyChar = 2 };

/// What each byte may be: most of a log is looked at here, byte by byte.
constexpr std::array<std::uint8_t, 256> kBytes = [] {
  std::array<std::uint8_t, 256> out{};
  for (const char c : {' ', kEnrichedSeparator, '\t', '\n', '\r'}) out[static_cast<unsigned char>(c)] = kBlank;
  for (int c = 0; c < 26; ++c) out['a' + c] = out['A' + c] = kKeyChar;
  for (int c = '0'; c <= '9'; ++c) out[c] = kKeyChar;
  out['_'] = out['-'] = kKeyChar;
  return out;
}();

bool is_blank(char c) { return kBytes[static_cast<unsigned char>(c)] == kBlank; }
bool is_key_char(char c) { return kBytes[static_cast<unsigned char>(c)] == kKeyChar; }

constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

/// The high bit of each byte that is at most ' ' or equals `stop`; exact for the lowest such byte, which is what
/// counts.
std::uint64_t marks_in(std::uint64_t word, char stop) {
  const std::uint64_t other = word ^ (kOnes * static_cast<unsigned char>(stop));
  return (((word - kOnes * 0x21) & ~word) | ((other - kOnes) & ~other)) & kHighs;
}

/// Where the next blank or `stop` is, eight bytes at a time.
inline const char* find_blank_or(const char* at, const char* end, char stop) {
  for (; at != end; ++at) {
    if constexpr (std::endian::native == std::endian::little) {
      for (std::uint64_t word = 0; end - at >= static_cast<std::ptrdiff_t>(sizeof word); at += sizeof word) {
        std::memcpy(&word, at, sizeof word);
        if (const std::uint64_t marks = marks_in(word, stop)) {
          at += std::countr_zero(marks) / 8;
          break;
        }
      }
      if (at == end) break;
    }
    if (*at == stop || is_blank(*at)) break;
  }
  return at;
}

/// Where the word that starts at 0 ends.
std::size_t word_end(std::string_view text) {
  return static_cast<std::size_t>(find_blank_or(text.data(), text.data() + text.size(), ' ') - text.data());
}

/// True if a key= starts at `text`.
bool starts_key(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is_key_char(text[at])) ++at;
  return at > 0 && at < text.size() && text[at] == '=';
}

/// Old PAM messages wrap their fields as "(hostname=?, addr=?, res=success)".
std::string_view without_wrapping(std::string_view value) {
  while (!value.empty() && (value.back() == ',' || value.back() == ')') && value.front() != '(') value.remove_suffix(1);
  return value;
}

constexpr KeyTable kEncodedFields(std::to_array<std::string_view>(
    {"acct",      "addr",        "apparmor_name", "cmd",      "comm",      "cwd",      "data",
     "device",    "dir",         "exe",           "file",     "grp",       "key",      "label",
     "name",      "namespace",   "new-chardev",   "new-disk", "new-fs",    "new-name", "new-rng",
     "ocomm",     "old-chardev", "old-disk",      "old-fs",   "old-rng",   "path",     "peer",
     "peer_addr", "peer_label",  "peer_profile",  "prefix",   "proctitle", "profile",  "srcname",
     "srawcon",   "sw",          "target",        "trawcon",  "vm",        "watch",    "invalid_context"}));

bool is_upper_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
}

}  // namespace

bool FieldWalker::next(Field& field) {
  const char* at = rest_.data();
  const char* const end = at + rest_.size();
  while (at != end) {
    if (is_blank(*at)) {
      ++at;
      continue;
    }
    const char* key = at;
    at = find_blank_or(at, end, '=');
    if (at == end || *at != '=') continue;
    while (key != at && !is_key_char(*key)) ++key;
    field.key = {key, static_cast<std::size_t>(at - key)};
    rest_ = {at + 1, static_cast<std::size_t>(end - at - 1)};
    take_value(field);
    if (!field.key.empty()) return true;
    at = rest_.data();
  }
  rest_ = {end, 0};
  return false;
}

void FieldWalker::take_value(Field& field) {
  field.closed = true;
  field.quote = Quote::kBare;
  if (!rest_.empty() && (rest_.front() == '"' || rest_.front() == '\'')) return take_quoted(field);
  const std::size_t end = dialect_ == Dialect::kInterpreted ? interpreted_end() : word_end(rest_);
  field.raw = {rest_.data(), end};
  if (dialect_ != Dialect::kInterpreted && end > 0) field.raw = without_wrapping(field.raw);
  rest_.remove_prefix(end);
}

void FieldWalker::take_quoted(Field& field) {
  const char quote = rest_.front();
  field.quote = quote == '"' ? Quote::kDouble : Quote::kSingle;
  rest_.remove_prefix(1);
  const char* const start = rest_.data();
  const char* const end = start + rest_.size();
  // msg='…' holds text of a program: only its last quote closes it.
  const std::string_view program =
      field.key == "msg" ? rest_.substr(0, rest_.find(kEnrichedSeparator)) : std::string_view{};
  const void* close = program.data() != nullptr ? memrchr(start, quote, program.size())
                      : rest_.empty()           ? nullptr
                                                : std::memchr(start, quote, rest_.size());
  field.closed = close != nullptr;
  const char* const last = field.closed ? static_cast<const char*>(close) : end;
  field.raw = {start, static_cast<std::size_t>(last - start)};
  rest_ =
      field.closed ? std::string_view(last + 1, static_cast<std::size_t>(end - last - 1)) : std::string_view(end, 0);
}

/// Interpreted values are unquoted and may hold blanks: they last until the next key=.
std::size_t FieldWalker::interpreted_end() const {
  std::size_t at = word_end(rest_);
  while (at < rest_.size()) {
    std::size_t next = at;
    while (next < rest_.size() && is_blank(rest_[next])) ++next;
    if (next == rest_.size() || starts_key(rest_.substr(next))) return at;
    at = next + word_end(rest_.substr(next));
  }
  return at;
}

std::optional<Field> find_field(std::string_view body, std::string_view key, Dialect dialect) {
  FieldWalker walker(body, dialect);
  for (Field field; walker.next(field);)
    if (field.key == key) return field;
  return std::nullopt;
}

bool is_encoded_field(std::string_view key) { return kEncodedFields.has(key); }

std::string decode(const Field& field, Dialect dialect) {
  if (dialect == Dialect::kInterpreted || field.quote != Quote::kBare) return std::string(field.raw);
  if (!is_encoded_field(field.key)) return std::string(field.raw);
  if (field.raw == "(null)" || field.raw == "?") return {};
  if (!field.raw.empty() && is_upper_hex(field.raw))
    if (auto bytes = from_hex(field.raw)) return *std::move(bytes);
  return std::string(field.raw);
}

std::string decoded_field(std::string_view body, std::string_view key, Dialect dialect) {
  const auto field = find_field(body, key, dialect);
  return field ? decode(*field, dialect) : std::string();
}

std::string_view inner_message(std::string_view body) {
  const std::size_t at = body.find("msg='");
  if (at == std::string_view::npos) return body;
  body.remove_prefix(at + 5);
  const std::size_t separator = body.find(kEnrichedSeparator);
  const std::size_t end = body.substr(0, separator).rfind('\'');
  return body.substr(0, end == std::string_view::npos ? separator : end);
}

}  // namespace cordon::audit
