#pragma once

#include <set>
#include <string>
#include <vector>

#include "apparmor/emit.h"

namespace cordon::apparmor {

/// How a program comes to run under its part: it is the main one; it is executed, into a child profile or a profile
/// beside the main one; it asks for a hat by change_hat.
enum class Transition : std::uint8_t { kMain, kChild, kBeside, kHat };

/// The rules that one profile gets: the main one first, then the others.
struct Part {
  Transition transition = Transition::kMain;
  std::string name;       ///< as the block's head says it
  std::string full_name;  ///< with the parent's name and "//", where it is a child
  std::string program;    ///< the file that is executed; empty for a hat
  std::vector<const Rule*> rules;
  std::vector<std::size_t> indexes;  ///< into Policy::rules
  std::vector<Section> extra;
};

/// The parser's table of named exec targets ("Px -> NAME") holds twelve a profile.
/// Source: apparmor_parser 2.x to 5.0, "too many specified profile transitions".
inline constexpr std::size_t kMaxNamedTransitions = 12;

struct Division {
  std::vector<Part> parts;
  std::vector<std::string> remarks;  ///< what was decided on which grounds
};

/// Divides a policy's rules over a main profile and those of the programs that it starts, with whatever those start in
/// turn. kAuto measures how far a program's privileges and the main program's differ (profiles/apparmor/strong.json):
/// where at least half of both is shared, or neither has any, it runs under the main profile; where nothing is shared
/// and both have some, under a profile beside it; else under a child profile. What a child starts in turn runs under
/// the child, unless it has strong grants of its own that the child's program has not: then beside.
Division divide_by_program(const Policy& policy, ExecMode mode);

/// The strong grant (profiles/apparmor/strong.json) that a rule is, as text, or "".
std::string strong_grant(const ProfileRule& rule);

/// kAuto's measure: how a program with the strong grants `started` runs when one with `owner` executes it.
Transition transition_by_privileges(const std::set<std::string>& owner, const std::set<std::string>& started);

/// Turns "ix" into "Cx" or "Px -> NAME" for the programs that have a profile.
void apply_transitions(ProfileText& profile, Transition owner, const std::vector<Part>& parts);

}  // namespace cordon::apparmor
