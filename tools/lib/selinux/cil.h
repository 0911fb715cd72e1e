#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// A CIL expression: a word, a quoted string, or a list.
struct Sexp {
  bool list = false;
  bool quoted = false;
  std::string word;
  std::vector<Sexp> items;
  std::uint32_t line = 0;
};

inline constexpr std::size_t kMaxCilBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxCilDepth = 64;

/// All the expressions of a CIL text. Errors name the line: a parenthesis too many or too few, an open string, nesting
/// deeper than kMaxCilDepth, more than kMaxCilBytes.
Result<std::vector<Sexp>> parse_cil(std::string_view text, const std::string& where);

/// A flat CIL text (declarations and rules, no blocks, macros or optionals beyond those that wrap flat statements) as
/// a module. A statement that this reader does not know is an error that names it, so that nothing is left out of a
/// decision; `where` names the file.
Result<Module> read_cil(std::string_view text, const std::string& where, Diagnostics& diagnostics);

/// file_contexts(5) lines, raw or with gen_context(). A line that is not one is an error with its number.
Result<std::vector<FileContext>> read_fc(std::string_view text, const std::string& where);

}  // namespace cordon::selinux
