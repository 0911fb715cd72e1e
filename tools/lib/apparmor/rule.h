#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The rules of the profile language as data: what the emitter writes, the reader reads and the updater merges.
namespace cordon::apparmor {

/// The letters of a file rule, as bits.
enum FileLetter : std::uint32_t {
  kR = 1U << 0,
  kW = 1U << 1,
  kA = 1U << 2,
  kK = 1U << 3,
  kL = 1U << 4,
  kM = 1U << 5,
  kX = 1U << 6,
};
using FileLetters = std::uint32_t;

/// "rwk" in the order of the language's own documents; 'a' is left out beside 'w', x is not a letter here.
std::string letters_text(FileLetters letters);

enum class RuleClass : std::uint8_t {
  kFile,
  kLink,
  kCapability,
  kNetwork,
  kUnix,
  kSignal,
  kPtrace,
  kMount,
  kRemount,
  kUmount,
  kPivotRoot,
  kDbus,
  kMqueue,
  kIoUring,
  kUserns,
  kRlimit,
  kChangeProfile,
  kAll,
};
std::string_view keyword(RuleClass klass);

/// One rule. File rules use pattern, letters, exec and target; the other classes use words and keys, in which a value
/// is already in the language's escaped form without its quotes.
struct ProfileRule {
  RuleClass klass = RuleClass::kFile;
  bool audit = false;
  bool deny = false;
  bool owner = false;
  std::int32_t priority = 0;
  std::string pattern;  ///< file: the glob; link: the new name; mount classes: the source, if any
  FileLetters letters = 0;
  std::string exec;                                   ///< "ix", "Px", "Cx", …; empty: no execute permission
  std::string target;                                 ///< after "->": profile, link target, mount point
  std::set<std::string> words;                        ///< access words, or a capability's, family's and type's names
  std::map<std::string, std::set<std::string>> keys;  ///< "set" → signals, "peer" → label, "bus", "path", …
  std::map<std::string, std::string> peer;            ///< what stands in peer=(…): "addr", "label", "name"

  auto operator<=>(const ProfileRule&) const = default;
};

/// The rule as one line without its indent, ending in ','.
std::string to_text(const ProfileRule& rule);

/// Same rule but for what may be merged: a file rule's letters, the words of the others.
bool mergeable(const ProfileRule& a, const ProfileRule& b);

/// Sorts, merges what can be merged, drops 'a' beside 'w'. The meaning stays.
void normalise(std::vector<ProfileRule>& rules);

/// Quotes a value of a conditional where it needs to be.
std::string quote_value(std::string_view escaped);

}  // namespace cordon::apparmor
