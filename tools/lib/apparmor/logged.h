#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace cordon::apparmor {

/// A log names a subject's profile where a recording names its program. The policy with what the names tell:
/// "P//null-/bin/sh", complain mode's name for what P executed without a rule, is the program /bin/sh; "P//hat" and
/// "P//null-hat" are the hat; peers of the same outermost profile are the run's own programs. P itself is the policy's
/// program. Complain mode's name proves the execution, also where the log has lost its record. What other profiles did,
/// and those of other policy namespaces, is left out where the policy's own profile is in the log.
/// Source: security/apparmor/policy.c aa_new_null_profile, domain.c build_change_hat, Linux 6.1.
struct LoggedPolicy {
  Policy policy;
  std::vector<std::string> remarks;  ///< what was left out
};
LoggedPolicy with_logged_programs(const Policy& policy);

}  // namespace cordon::apparmor
