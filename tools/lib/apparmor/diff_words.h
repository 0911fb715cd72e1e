#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "apparmor/walk.h"

namespace cordon::apparmor {

struct BitWord {
  std::uint32_t bit;
  std::string_view word;
};

/// A class of the policy automaton, and how its keys and permissions read. Sources: the parser's signal.cc, ptrace.cc,
/// mount.cc, dbus.cc, mqueue.cc and af_unix.cc, which write the keys.
struct Area {
  PolicyClass klass;
  const char* name;
  std::string_view prefix;  ///< of every key, after the class
  std::size_t least;        ///< bytes of a key that asks for a permission and not only for the class
  std::string (*words)(const std::string& key);
  std::span<const BitWord> bits;
};
std::span<const Area> areas();

/// "send receive"; bits without a word are "allowed".
std::string bit_words(const Area& area, std::uint32_t bits);

/// "ix", "Cx", "Px -> name": where execution leads.
std::string exec_words(const ExecAnswer& exec);

}  // namespace cordon::apparmor
