#pragma once

#include <string>
#include <string_view>

#include "policy/path_pattern.h"

/// Names and patterns as the profile language spells them (apparmor.d(5), "Globbing"). Whatever bytes go in, the
/// text holds one word that cannot end a rule, and the compiled automaton matches exactly what was meant.
namespace cordon::apparmor {

/// The bytes as a glob that matches only them: special bytes become three-digit octal escapes. Not quoted.
std::string escape_name(std::string_view bytes);

/// The glob for a shape. Bounded lengths that the language cannot count are spelt out up to a small spread.
std::string pattern_glob(const PathPattern& pattern);

/// True if pattern_glob says the shape exactly, not wider.
bool pattern_is_exact_glob(const PathPattern& pattern);

/// Puts double quotes round a glob that holds blanks or would be taken for something else.
std::string quote_glob(std::string_view glob);

/// escape_name and quote_glob in one: a file, profile or peer name.
std::string quote_name(std::string_view bytes);

/// The bytes of a glob that has no wildcards, escapes undone; what wildcards there are stay as they are.
std::string unescape_name(std::string_view glob);

/// A profile's name that AppArmor can say: the parser keeps the escapes of some bytes in it, which then is another
/// name.
std::string sayable(std::string name);

/// True if the glob holds an unescaped wildcard, alternation, class or variable.
bool is_glob(std::string_view glob);

}  // namespace cordon::apparmor
