#include "triage/fill.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "triage/denial.h"

namespace cordon::triage {
namespace {

/// Blanks beyond the fields' names. Those that end a row with true hold text that we made for a file.
struct ExtraBlank {
  std::string_view name;
  bool made_for_file;
};
constexpr auto kExtra = std::to_array<ExtraBlank>({
    {"object", false},
    {"id", false},
    {"dir", false},
    {"path_regex", false},
    {"dir_regex", false},
    {"perms", true},
    {"count", false},
    {"module", false},
    {"expected_type", false},
    {"expected_context", false},
    {"boolean", false},
    {"value", false},
    {"old_value", false},
    {"te", true},
    {"te_dontaudit", true},
    {"apparmor_rules", true},
    {"port_type", false},
    {"syscalls", true},
    {"denied_types", true},
    {"seccomp_json", true},
    {"seccomp_enosys_json", true},
    {"child_profile", true},
    {"local_profile", false},
});

const ExtraBlank* extra(std::string_view name) {
  const auto at = std::find_if(kExtra.begin(), kExtra.end(), [&](const auto& row) { return row.name == name; });
  return at == kExtra.end() ? nullptr : &*at;
}

/// The blank that opens at text[at] == '{', without its braces; empty if it is an ordinary brace.
std::string_view blank_at(std::string_view text, std::size_t at) {
  const auto close = text.find('}', at);
  if (close == text.npos) return {};
  const auto name = text.substr(at + 1, close - at - 1);
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return plain ? name : std::string_view{};
}

bool is_plain_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':' || c == '-';
  });
}

std::optional<std::string> value_for(std::string_view name, const Blanks& blanks, Quote quote) {
  const auto at = blanks.find(std::string(name));
  const std::string value = at == blanks.end() ? std::string{} : at->second;
  if (quote == Quote::kText) return value.empty() ? "(unknown)" : printable(value);
  if (value.empty()) return std::nullopt;
  if (quote == Quote::kShell) return shell_quote(value);
  const auto* row = extra(name);
  if ((row != nullptr && row->made_for_file) || is_plain_word(value)) return value;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> fill(std::string_view text, const Blanks& blanks, Quote quote) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto name = text[i] == '{' ? blank_at(text, i) : std::string_view{};
    if (name.empty()) {
      out += text[i];
      continue;
    }
    const auto value = value_for(name, blanks, quote);
    if (!value) return std::nullopt;
    out += *value;
    i += name.size() + 1;
  }
  return out;
}

std::string unknown_blank(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') continue;
    const auto name = blank_at(text, i);
    if (!name.empty() && field_named(name) == Field::kCount_ && extra(name) == nullptr) return std::string(name);
  }
  return {};
}

std::string shell_quote(std::string_view word) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), safe)) return std::string(word);
  // Bidi overrides and the like are valid UTF-8 that a screen must not get: what printable() changes is hex-quoted.
  if (printable(word) != word) {
    std::string out = "$'";
    for (const char c : word) {
      if (safe(c) || c == ' ')
        out += c;
      else
        out += "\\x" + to_hex(std::string_view(&c, 1));
    }
    return out + "'";
  }
  std::string out = "'";
  for (const char c : word) c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

std::string escape_regex(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace cordon::triage
