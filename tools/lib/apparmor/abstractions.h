#pragma once

#include "apparmor/build.h"

namespace cordon::apparmor {

/// Includes abstractions in the place of the observed file rules that they grant. `auto` takes one only where at least
/// half of its allow rules are needed, and at least three of ours go; a list takes those that it names, whatever they
/// cost. What an include grants beyond the need is said beside it and in `added`: needed rules of all its rules.
void include_abstractions(ProfileText& profile, const EmitOptions& options, BuiltProfile& built);

}  // namespace cordon::apparmor
