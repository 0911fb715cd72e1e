#include "audit/fields.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"

namespace cordon::audit {
namespace {

constexpr char kEnrichedSeparator = '\x1d';

bool is_blank(char c) { return c == ' ' || c == kEnrichedSeparator || c == '\t' || c == '\n' || c == '\r'; }

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Where the word that starts at 0 ends.
std::size_t word_end(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && !is_blank(text[at])) ++at;
  return at;
}

/// True if a key= starts at `text`.
bool starts_key(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is_key_char(text[at])) ++at;
  return at > 0 && at < text.size() && text[at] == '=';
}

/// Old PAM messages wrap their fields as "(hostname=?, addr=?, res=success)".
std::string_view without_wrapping(std::string_view value) {
  while (!value.empty() && (value.back() == ',' || value.back() == ')') && value.front() != '(')
    value.remove_suffix(1);
  return value;
}

constexpr std::array kEncodedFields = std::to_array<std::string_view>(
    {"acct",  "addr",    "apparmor_name", "cmd",   "comm",      "cwd",       "data",    "device", "dir",
     "exe",   "file",    "grp",           "key",   "label",     "name",      "namespace", "new-chardev", "new-disk",
     "new-fs", "new-name", "new-rng",     "ocomm", "old-chardev", "old-disk", "old-fs", "old-rng", "path",
     "peer",  "peer_addr", "peer_label",  "peer_profile", "prefix", "proctitle", "profile", "srcname", "srawcon",
     "sw",    "target",  "trawcon",       "vm",    "watch",     "invalid_context"});

bool is_upper_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
}

}  // namespace

bool FieldWalker::next(Field& field) {
  while (!rest_.empty()) {
    if (is_blank(rest_.front())) {
      rest_.remove_prefix(1);
      continue;
    }
    std::size_t at = 0;
    while (at < rest_.size() && rest_[at] != '=' && !is_blank(rest_[at])) ++at;
    if (at == rest_.size() || rest_[at] != '=') {
      rest_.remove_prefix(at);
      continue;
    }
    field.key = rest_.substr(0, at);
    while (!field.key.empty() && !is_key_char(field.key.front())) field.key.remove_prefix(1);
    rest_.remove_prefix(at + 1);
    take_value(field);
    if (!field.key.empty()) return true;
  }
  return false;
}

void FieldWalker::take_value(Field& field) {
  field.closed = true;
  field.quote = Quote::kBare;
  if (!rest_.empty() && (rest_.front() == '"' || rest_.front() == '\'')) {
    const char quote = rest_.front();
    field.quote = quote == '"' ? Quote::kDouble : Quote::kSingle;
    rest_.remove_prefix(1);
    // msg='…' holds text of a program: only its last quote closes it.
    const std::size_t end =
        field.key == "msg" ? rest_.substr(0, rest_.find(kEnrichedSeparator)).rfind(quote) : rest_.find(quote);
    field.closed = end != std::string_view::npos;
    field.raw = rest_.substr(0, end);
    rest_.remove_prefix(field.closed ? end + 1 : rest_.size());
    return;
  }
  const std::size_t end = dialect_ == Dialect::kInterpreted ? interpreted_end() : word_end(rest_);
  field.raw = dialect_ == Dialect::kInterpreted ? rest_.substr(0, end) : without_wrapping(rest_.substr(0, end));
  rest_.remove_prefix(end);
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

bool is_encoded_field(std::string_view key) {
  return std::find(kEncodedFields.begin(), kEncodedFields.end(), key) != kEncodedFields.end();
}

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
