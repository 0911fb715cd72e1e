#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apparmor/source.h"
#include "apparmor/syntax.h"

/// What apparmor_parser refuses in a file beyond single rules: heads, flags, conditions and variables.
/// Source: apparmor.d(5) of 5.0, and the parser's own tests (parser/tst/simple_tests).
namespace cordon::apparmor {

/// ${NAME} and $NAME are one.
std::string boolean_name(const std::string& name);

/// A block's head: words that belong there in their order, a well-formed name.
Result<void> check_block_head(const Statement& statement, const SourceProfile& profile, bool in_profile,
                              const Variables& variables);

/// Flags whose values are variables, with the first of these' values.
std::vector<std::string> with_values(std::vector<std::string> flags, const Variables& variables);

/// "if $x", "if not defined @{y}", "else", "else if …"; booleans that are asked for must be set.
Result<void> check_condition(const Statement& statement, const Statement* before, const Variables& variables);

/// Whether an "if" or "else" holds by itself, where it is a boolean that is set. `chain`: whether a branch before it
/// does.
std::optional<bool> holds(const Statement& statement, std::optional<bool> chain, const Variables& variables);

/// An assignment's values: "true" or "false" for a boolean, whole words for the others.
Result<void> check_assignment(const Statement& statement, bool boolean, const std::vector<std::string>& values);

/// Variables that a text uses, and those that their values use: all set, none by itself.
Result<void> check_variable_use(const std::string& text, const Variables& variables, bool attached);

}  // namespace cordon::apparmor
