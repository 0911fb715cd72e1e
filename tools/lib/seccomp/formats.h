#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/plan.h"

namespace cordon::seccomp {

/// What a format could not say of the plan, in words: "arguments of socket: firejail has none".
struct Rendering {
  std::string bytes;
  std::vector<std::string> lost;
};

/// One file format; the table in formats.cc has a row each.
struct Format {
  std::string_view name;
  std::string_view suffix;  ///< appended to NAME
  std::string_view what;    ///< in words, for --help
  Result<Rendering> (*render)(const Plan& plan, const Data& data);
};
std::span<const Format> formats();
const Format* format_named(std::string_view name);

}  // namespace cordon::seccomp
