#pragma once

#include "base/diagnostics.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// Puts the module's declarations and rules into the policy in memory, as installing it would. A name that the policy
/// lacks is an error that lists every such name (semodule would refuse the module too), and leaves the policy as it
/// was; so does a type transition that contradicts one of the policy's. neverallow rules of the module are not applied:
/// see selinux/neverallow.h.
Result<void> link_module(PolicyDb& policy, const Module& module, Diagnostics& diagnostics);

}  // namespace cordon::selinux
