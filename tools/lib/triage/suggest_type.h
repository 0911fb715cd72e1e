#pragma once

#include <vector>

#include "selinux/policydb.h"
#include "triage/finding.h"

namespace cordon::triage {

/// For files under a label that says nothing about them: the types of the source's own ("httpd_…_t" for httpd_t) that
/// the policy lets it use as it tried to, those that open least first, at most two. Not proven yet.
std::vector<Fix> suggest_types(const selinux::PolicyDb& policy, const Finding& finding);

}  // namespace cordon::triage
