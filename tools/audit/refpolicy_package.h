#pragma once

#include <string>

#include "base/result.h"

namespace cordon::audit_tool {

/// Source that calls refpolicy's interfaces as a .pp, made with the Makefile that selinux-policy-dev brings, in a
/// directory of its own. `headers` is where the interfaces lie (…/devel/include).
/// Errors: kEnvironment without make or the Makefile; kBadInput with what it printed.
Result<std::string> build_refpolicy_package(const std::string& name, const std::string& te, const std::string& headers);

}  // namespace cordon::audit_tool
