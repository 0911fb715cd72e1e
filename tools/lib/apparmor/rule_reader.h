#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apparmor/rule.h"
#include "base/result.h"

namespace cordon::apparmor {

/// One rule from its words (see rule_words). The error says what is wrong with it, without a place.
Result<ProfileRule> read_rule(const std::vector<std::string>& words);

/// "rwk", "Pix", "mrcx", …: letters and exec transition; nothing if a character is none of them or x is given twice.
struct FileMode {
  FileLetters letters = 0;
  std::string exec;
};
std::optional<FileMode> read_mode(std::string_view word);

}  // namespace cordon::apparmor
