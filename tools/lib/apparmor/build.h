#pragma once

#include <map>
#include <string>
#include <vector>

#include "apparmor/emit.h"

namespace cordon::apparmor {

struct RuleCounts {
  std::size_t files = 0;
  std::size_t programs = 0;
  std::size_t network = 0;
  std::size_t capabilities = 0;
  std::size_t other = 0;
  std::size_t generalised = 0;
  std::size_t generalised_from = 0;
};

/// A policy as a profile, with what is to be said of it.
struct BuiltProfile {
  ProfileText profile;
  std::vector<ProfileText> beside;    ///< of programs that it starts by name (Px)
  std::vector<std::string> preamble;  ///< lines before the profile: includes of tunables
  std::vector<std::string> remarks;   ///< for the header comment
  std::vector<RuleNote> notes;
  std::vector<std::string> added;
  std::map<std::string, std::string> inputs;
  RuleCounts counts;
};

Result<BuiltProfile> build_profile(const Policy& policy, const EmitOptions& options, Diagnostics& diagnostics);

}  // namespace cordon::apparmor
