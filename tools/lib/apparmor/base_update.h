#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apparmor/emit.h"

namespace cordon::apparmor {

/// An existing profile with what a policy needs beyond it.
struct BaseUpdate {
  std::string text;                  ///< the file; every byte that was there still is
  std::vector<std::string> added;    ///< the new rules
  std::vector<std::string> refused;  ///< needed, but a deny of the profile stands: "file:line: deny …"
  std::size_t already = 0;           ///< rules of the policy that the profile allowed before
};

/// Adds only what is missing, in front of a block's closing brace; comments, order and layout stay. The profile is the
/// one of the policy's name, the one attached to its program, or the file's only one; what ran under a hat goes into
/// the hat, what was started goes where the file's exec rules lead. A second update adds nothing. Needs
/// apparmor_parser, which says what the profile allows already, and checks the result.
Result<BaseUpdate> update_profile(std::string_view text, const std::string& file, const Policy& policy,
                                  const EmitOptions& options, Diagnostics& diagnostics);

}  // namespace cordon::apparmor
