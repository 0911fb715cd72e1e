#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cordon::triage {

/// What the blanks of a rule's texts stand for, by name.
using Blanks = std::map<std::string, std::string>;

/// Where the filled text goes, and so how what a log said must be quoted.
enum class Quote : std::uint8_t {
  kText,   ///< for people: control bytes made visible
  kShell,  ///< a shell word or part of one
  kFile,   ///< a policy file: only words of [A-Za-z0-9_.:-] and texts made by us may go in
};

/// Replaces each {name}. Nothing if a blank is empty or, for kFile, not a plain word. For kText an empty blank
/// becomes "(unknown)".
std::optional<std::string> fill(std::string_view text, const Blanks& blanks, Quote quote);

/// The first {name} that no rule may use; empty if all are known.
std::string unknown_blank(std::string_view text);

/// The word quoted so that a shell passes on exactly these bytes ($'…' of bash and POSIX 2024 if control bytes or
/// bytes outside UTF-8 are in it).
std::string shell_quote(std::string_view word);

/// The path with the regular expression's own characters escaped, for semanage-fcontext(8).
std::string escape_regex(std::string_view path);

}  // namespace cordon::triage
