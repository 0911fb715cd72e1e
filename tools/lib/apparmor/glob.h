#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cordon::apparmor {

/// Values of @{NAME}, by name without the braces.
using Variables = std::map<std::string, std::vector<std::string>>;

/// Every @{NAME} replaced by its values as an alternation; nothing if one is unknown or they nest without end.
std::optional<std::string> expand_variables(std::string_view glob, const Variables& variables);

/// A glob of the profile language as a small automaton. It knows what apparmor_parser makes of the text: '*' and '**'
/// for a whole path component need at least one byte, '[^a]' matches '/', '?' does not, nothing matches NUL.
/// Source: apparmor.d(5) "Globbing"; convert_aaregex_to_pcre() in the parser, whose behaviour the tests compare.
class Glob {
 public:
  static constexpr std::size_t kMaxText = 64 * 1024;
  static constexpr std::size_t kMaxSteps = 256 * 1024;

  /// Nothing if the glob is not well formed or too large.
  static std::optional<Glob> parse(std::string_view text);

  bool matches(std::string_view name) const;

  /// True if both match some name; decided by walking the two automata together.
  bool overlaps(const Glob& other) const;

  /// The bytes before the first wildcard, escapes undone.
  const std::string& literal_prefix() const { return prefix_; }

 private:
  friend class GlobBuilder;
  enum class Kind : std::uint8_t { kByte, kSplit, kJump, kAccept };
  struct Step {
    Kind kind = Kind::kAccept;
    std::uint32_t first = 0;   ///< kByte: index into classes_; else where to go
    std::uint32_t second = 0;  ///< kSplit: the other way
  };
  using StateSet = std::vector<std::uint32_t>;

  void add(StateSet& set, std::vector<bool>& seen, std::uint32_t at) const;
  StateSet start() const;

  std::vector<Step> steps_;
  std::vector<std::bitset<256>> classes_;
  std::string prefix_;
};

}  // namespace cordon::apparmor
