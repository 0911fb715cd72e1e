#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apparmor/rule.h"

namespace cordon::apparmor {

/// What apparmor_parser will make of file rules, foretold.
struct Forecast {
  std::size_t nodes = 0;   ///< of the tree of all names: what the parser's time grows with
  std::size_t states = 0;  ///< of the finished automaton: names that end alike share theirs
  double seconds = 0;      ///< an upper estimate for a slow machine
};

/// The parser keeps states in 16 bits (apparmor_parser 2.x to 5.0: "Too many states for type state_t").
inline constexpr std::size_t kMaxStates = 65535;

/// Exact for names, close for globs. Source of the time: measured, CPU time against nodes, 200 to 4,000 names.
Forecast forecast(const std::vector<ProfileRule>& rules);

/// A folder whose names gave way to one glob.
struct Coarsened {
  ProfileRule rule;
  std::size_t names = 0;
};

struct BudgetPlan {
  std::vector<ProfileRule> kept;
  std::vector<Coarsened> coarsened;
  Forecast before;
  Forecast after;
};

/// Coarsens folder by folder until the forecast keeps to the budget: first where most states go for the least risk
/// (reading what the distribution installed before anything that a person or a service owns). Rules that execute, deny
/// or name a transition stay. Without need nothing changes.
BudgetPlan plan_budget(std::vector<ProfileRule> rules, double seconds);

}  // namespace cordon::apparmor
