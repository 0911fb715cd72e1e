#pragma once

#include <string>
#include <vector>

#include "seccomp/plan.h"
#include "seccomp/reference.h"

/// Profiles made from profiles. All must be resolved, and keep their meaning on all ABIs that they list.
namespace cordon::seccomp {

/// What any of the profiles allows, the merged one allows: rules side by side, ABIs united. They must agree on the
/// default action and errno; a call that one allows and another denies by name is allowed.
Result<Profile> merge_profiles(const std::vector<Profile>& profiles);

/// The same decisions in fewer rules: rules that say what the default says, or what another rule says already, are
/// dropped; rules with equal action and conditions are joined. The result is compared with the original call by call,
/// as crun and as runc take it.
Result<Profile> minimise(const Profile& profile, Arch host = native_arch());

/// A hand-written profile with what the plan needs added to it.
struct Based {
  Profile profile;
  std::vector<std::string> added;     ///< calls that the base lacked, with the layer that needs them
  std::vector<std::string> unneeded;  ///< calls that the base allows and the plan does not need
};
/// The base's own rules stay as they are, in place and order; one that denies a needed call by name loses the name.
Based add_to_base(const Profile& base, const Plan& plan, Arch host = native_arch());

}  // namespace cordon::seccomp
