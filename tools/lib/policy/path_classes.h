#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/path_pattern.h"

namespace cordon {

/// A row of profiles/paths/classes.json: a part of file names that varies from run to run.
struct PathClass {
  struct Token {
    enum class Kind : std::uint8_t { kLiteral, kKeep, kExtension, kVaries };
    Kind kind = Kind::kLiteral;
    std::string literal;
    Alphabet alphabet = Alphabet::kAlnum;
    std::uint32_t min = 1;
    std::uint32_t max = 1;
  };
  std::string name;
  std::string reason;
  std::vector<std::string> folder;  ///< components; "*" is any one; a first "**" is any number
  std::vector<Token> shape;
  bool only_created = false;
  bool only_broad = false;
  bool mixed = false;
  bool word_before = false;  ///< neither a digit nor a capital may stand before the varying part
  bool look_inside = false;  ///< names in such a folder are looked at one by one, though the program made it
  std::optional<Alphabet> not_beside;
  std::vector<std::string> samples;
  std::vector<std::string> not_samples;
};

/// The table, compiled in; checked against its schema before that.
const std::vector<PathClass>& path_classes();

/// What a name is taken to be.
struct ShapedName {
  std::vector<PathPart> parts;
  const PathClass* by = nullptr;
};

/// The row's shape laid over the name, or nothing.
std::optional<ShapedName> lay_over(const PathClass& row, std::string_view name);

/// The first row that fits a name in its folder (absolute, no slash at the end); kept bytes are looked at again.
std::optional<ShapedName> classify(std::string_view folder, std::string_view name, bool created, bool broad);

/// True if the bytes look drawn by chance: two changes between digits, lower and upper case, and not a CamelCase word.
bool looks_random(std::string_view bytes);

}  // namespace cordon
