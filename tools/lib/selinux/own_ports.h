#pragma once

#include <string>
#include <vector>

#include "selinux/demand.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// True if the type is what ports bear that no service is known for: granting it grants all of them.
bool is_generic_port(const std::string& type);

/// Declares NAME_port_t and labels the port with it; gives the type.
std::string add_own_port(Module& module, const Target& port, const PolicyDb& policy);

/// The commands that label the module's ports where the .cil, which does so by itself, is not what is installed.
std::vector<std::string> semanage_lines(const Module& module);

}  // namespace cordon::selinux
