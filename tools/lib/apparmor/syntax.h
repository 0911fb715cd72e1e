#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// The profile language's outer form: statements and blocks with their places in the text. What a rule says is read by
/// rule_reader.h.
namespace cordon::apparmor {

enum class StatementKind : std::uint8_t {
  kRule,
  kInclude,
  kAbi,
  kVariable,
  kAlias,
  kProfile,
  kHat,
  kIf,
  kElse,
  kQualified
};

struct Statement {
  StatementKind kind = StatementKind::kRule;
  std::vector<std::string> words;  ///< tokens; '(' ')' '=' ',' inside a rule stay in their words or stand alone
  std::string text;                ///< as written, without the end mark, blanks folded
  std::size_t line = 0;            ///< 1-based, where it starts
  std::size_t begin = 0;           ///< byte offsets into the text: the whole statement, its end mark included
  std::size_t end = 0;
  std::size_t close = 0;  ///< blocks: where the '}' stands
  std::vector<Statement> body;
};

struct SyntaxLimits {
  std::size_t max_text = std::size_t{64} << 20;
  int max_depth = 256;
};

/// All statements of a file. An error names `file` and the line.
Result<std::vector<Statement>> parse_syntax(std::string_view text, const std::string& file,
                                            const SyntaxLimits& limits = {});

/// The words of a rule's text: quoted strings and alternations are one word, parentheses are words of their own.
std::vector<std::string> rule_words(std::string_view text);

/// A word without its quotes.
std::string unquoted(std::string_view word);

}  // namespace cordon::apparmor
