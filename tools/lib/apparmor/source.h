#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apparmor/glob.h"
#include "apparmor/rule.h"
#include "base/diagnostics.h"
#include "base/result.h"
#include "facts/operation.h"

namespace cordon::apparmor {

/// A rule with where it stands.
struct SourceRule {
  ProfileRule rule;
  std::string file;
  std::size_t line = 0;  ///< 1-based
  std::string text;      ///< as it is written, blanks folded
};

/// A profile, a hat or a child with all rules that it gets, includes followed.
struct SourceProfile {
  std::string name;  ///< full: "parent//child"
  std::string attachment;
  std::string file;
  std::size_t line = 0;
  bool has_xattrs = false;  ///< `flags` then holds the conditions on attributes as well
  std::vector<std::string> flags;
  std::vector<SourceRule> rules;
  Variables variables;
};

struct SourceOptions {
  std::vector<std::string> include_dirs = {"/etc/apparmor.d"};  ///< searched for <names>, in order
  std::size_t max_include_depth = 32;
  std::size_t max_files = 4096;
};

/// Reads profile text with its includes, variables and conditionals. An error names file and line.
Result<std::vector<SourceProfile>> read_source(std::string_view text, const std::string& file,
                                               const SourceOptions& options, Diagnostics& diagnostics);

/// Finds the rule that decided. Refers to the profile, which must outlive it.
class RuleIndex {
 public:
  explicit RuleIndex(const SourceProfile& profile);

  /// The rule that has all the letters for the name, or a deny that takes one of them. Null if none does alone.
  const SourceRule* file_rule(std::string_view name, FileLetters letters, bool owner) const;

  /// The first allow rule that matches the name, whatever it gives and to whom. Null if there is none.
  const SourceRule* any_file_rule(std::string_view name) const;

  /// The first rule of a class that has the words and, where given, the keys and the peer; a deny first.
  const SourceRule* rule(RuleClass klass, const ProfileRule& like) const;

  /// Where rule() finds none: the allow rule of the class that has most of them. Null if the class has none.
  const SourceRule* nearest(RuleClass klass, const ProfileRule& like) const;

  /// The first network rule of family, type, act, addresses and ports; a deny first. Null if there is none.
  const SourceRule* network_rule(const NetOp& op) const;

 private:
  struct GlobRule {
    const SourceRule* rule;
    Glob glob;
  };
  const SourceProfile& profile_;
  std::map<std::string, std::vector<const SourceRule*>, std::less<>> exact_;  ///< by name, escapes undone
  std::vector<GlobRule> globs_;
  std::vector<const SourceRule*> everything_;  ///< "file," rules
};

/// All that a file rule grants, implied letters included.
FileLetters granted_letters(const ProfileRule& rule);

}  // namespace cordon::apparmor
