#pragma once

#include <string>
#include <vector>

#include "apparmor/decide.h"
#include "facts/trace.h"

namespace cordon::apparmor {

/// Something sensitive that a profile lets through though no fact used it.
struct Exposure {
  std::string profile;
  std::string what;  ///< "/etc/shadow r", "capability sys_admin"
  std::string risk;
  std::string by;  ///< the rule, file:line, where one alone grants it
};

/// What a profile lets through beyond what was used.
struct Breadth {
  std::vector<Exposure> exposures;
  std::vector<std::string> unused_rules;  ///< file:line: text of allow rules that no fact needed
  std::size_t rules = 0;
  std::size_t wildcard_rules = 0;
  std::size_t probes = 0;  ///< how many were asked
};

Breadth breadth(ProfileDecider& decider, const Trace& trace);

}  // namespace cordon::apparmor
