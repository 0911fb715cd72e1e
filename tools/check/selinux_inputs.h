#pragma once

#include <string>

#include "cli/command.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::check_tool {

/// The policy of --policy, else the loaded or installed one.
Result<selinux::PolicyDb> selinux_policy(const cli::Arguments& arguments);
/// The file contexts of --file-contexts, else the installed ones.
Result<selinux::Labels> selinux_labels(const cli::Arguments& arguments);

/// Writes a module where -o says: NAME.te with NAME.fc beside it, else CIL; "-" is standard output. The policy that it
/// is for tells types from attributes, which .te must; null: taken for one with MLS and types alone.
Result<void> write_module(const selinux::Module& module, const std::string& path, const selinux::PolicyDb* policy);

}  // namespace cordon::check_tool
