#pragma once

#include <string>
#include <vector>

#include "apparmor/decide.h"

namespace cordon::apparmor {

/// Something that one of two profiles allows and the other does not.
struct Difference {
  std::string profile;
  std::string area;     ///< "file", "owner's file", "link", "capability", "network", "signal", …
  std::string example;  ///< a name, or words, that the two decide differently; bytes escaped for a screen
  std::string added;    ///< what only the new one allows there: letters, or the word "allowed"
  std::string removed;  ///< what only the old one allows there
  std::string by;       ///< the deciding rule, file:line, where one rule alone decides
};

struct DiffOptions {
  std::size_t max_examples = 50;                 ///< of one area of one profile
  std::size_t max_pairs = std::size_t{2} << 20;  ///< pairs of states looked at; beyond it the diff says that it stopped
};

struct Diff {
  std::vector<Difference> differences;
  std::vector<std::string> only_old;  ///< profiles without a partner
  std::vector<std::string> only_new;
  bool stopped = false;
  bool equal() const { return differences.empty() && only_old.empty() && only_new.empty() && !stopped; }
};

/// Compares what two sets of profiles decide, by walking their automata together; how the rules are written, their
/// order and their number make no difference. Profiles are paired by name; two single ones whatever their names.
Diff diff_profiles(const ProfileDecider& before, const ProfileDecider& after, const DiffOptions& options = {});

}  // namespace cordon::apparmor
