#pragma once

#include <string>

#include "base/diagnostics.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// A module package (.pp) of plain policy source, by checkmodule and semodule_package run apart in a private
/// directory. Errors: kEnvironment where one of the two is missing, kBadInput with their messages.
Result<std::string> build_package(const std::string& name, const std::string& te, const std::string& fc, bool mls);

/// A package's or bare module's rules, by libsepol's own conversion to CIL. Errors: cut, foreign, newer.
Result<std::string> package_to_cil(std::string_view bytes, const std::string& where);

/// True if the bytes start like a whole binary policy.
bool is_policy(std::string_view bytes);

/// True if the bytes start like a module package or a bare module.
bool is_package(std::string_view bytes);

}  // namespace cordon::selinux
