#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cordon {

/// Which bytes a varying part of a path may hold. No class but kAny holds '/'.
enum class Alphabet : std::uint8_t {
  kDigits,        ///< 0-9
  kHexLower,      ///< 0-9 a-f
  kHexUpper,      ///< 0-9 A-F
  kHex,           ///< 0-9 a-f A-F
  kLowerDigits_,  ///< 0-9 a-z _ (Python's tempfile)
  kAlnum,         ///< 0-9 a-z A-Z (mktemp)
  kWord,          ///< 0-9 a-z A-Z _ - .
  kComponent,     ///< anything but '/'
  kAny,           ///< anything, '/' included
};

bool alphabet_holds(Alphabet alphabet, unsigned char byte);

/// A literal run of bytes, or min..max bytes of an alphabet (max 0: unbounded).
struct PathPart {
  std::string literal;
  std::optional<Alphabet> alphabet;
  std::uint32_t min = 1;
  std::uint32_t max = 0;
  auto operator<=>(const PathPart&) const = default;
};

/// The shape of a generalised path. A shape of one literal part is an exact path.
struct PathPattern {
  std::vector<PathPart> parts;
  auto operator<=>(const PathPattern&) const = default;

  static PathPattern exact(std::string path);
  bool is_exact() const;
  bool matches(std::string_view path) const;
};

}  // namespace cordon
