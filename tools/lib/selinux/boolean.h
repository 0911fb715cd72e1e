#pragma once

#include <vector>

#include "selinux/policydb_impl.h"

namespace cordon::selinux {

/// The smallest sets of booleans to change so that one of these disabled conditional rules becomes active; the one
/// that opens the fewest other rules first. Rules that are not conditional are passed over.
std::vector<BooleanFix> boolean_fixes(const PolicyDb::Impl& impl, const std::vector<MatchedRule>& disabled);

}  // namespace cordon::selinux
