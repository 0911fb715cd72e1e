#pragma once

#include <string>
#include <vector>

#include "apparmor/emit.h"

namespace cordon::apparmor {

/// The rules that one profile gets: the main one first, then one for each child.
struct Part {
  std::string name;        ///< as the block's head says it
  std::string full_name;   ///< with the parent's name and "//"
  std::string attachment;  ///< the program
  std::vector<const Rule*> rules;
  std::vector<std::size_t> indexes;  ///< into Policy::rules
  std::vector<Section> extra;
};

/// Divides a policy's rules over a main profile and children. A child covers a program that the main one starts, and
/// whatever that starts in turn. kAuto makes a child only where the two share less than half of what is risky in
/// either: capabilities, sockets, writing, signals, tracing, mounts.
std::vector<Part> split_by_program(const Policy& policy, ExecMode mode);

/// Turns the main profile's "ix" into "Cx" for the programs that have a child profile.
void apply_transitions(ProfileText& main, const std::vector<Part>& parts);

}  // namespace cordon::apparmor
