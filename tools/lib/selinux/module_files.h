#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// The module that these files make together: its rules from the .cil, else the .pp, else the .te (plain source, by
/// checkmodule); its file contexts from there or from the .fc; an .if adds nothing.
/// Errors: kUsage with no file of rules among them, kIo, kBadInput, kEnvironment (.te without checkmodule).
Result<Module> read_module(const std::vector<std::string>& paths, bool mls, Diagnostics& diagnostics);

/// The module that a file is, by its name: CIL holds none, and semodule takes the file's.
std::string module_name_of(const std::string& path);

}  // namespace cordon::selinux
