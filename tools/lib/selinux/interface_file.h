#pragma once

#include <string>

#include "selinux/module.h"

namespace cordon::selinux {

/// The module's .if: NAME_domtrans, NAME_run and NAME_admin, in refpolicy's form.
std::string write_interfaces(const Module& module, const std::string& domain, const std::string& exec_type);

}  // namespace cordon::selinux
