#pragma once

#include <string>
#include <vector>

#include "selinux_rules.h"

namespace cordon::audit_tool {

/// Causes that the policy's rules do not show: a label that the file contexts want otherwise, a label that the policy
/// lost (srawcon, trawcon), a port that could bear a type the domain may use, a permissive domain.
std::vector<std::string> other_causes(const audit::Denial& denial, const AvOp& op, const Judges& judges);

/// What lifts a constraint: another level, a relabelled volume, another user.
std::string constraint_advice(const PermissionState& state);

/// "setsebool -P a on b off (opens 12 other rules)".
std::string boolean_command(const selinux::BooleanFix& fix);

}  // namespace cordon::audit_tool
