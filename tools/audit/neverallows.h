#pragma once

#include <optional>
#include <string>

#include "selinux/neverallow.h"

namespace cordon::audit_tool {

/// The neverallow rules that go with a policy: those of `named` (a CIL file, compressed or not), or of the base module
/// in the store that `policy` was built from (semanage.conf(5): …/var/lib/selinux/TYPE beside …/etc/selinux/TYPE).
/// Nothing, with a note, where `named` is empty and no such store can be read.
Result<std::optional<selinux::Neverallows>> find_neverallows(const std::string& named, const std::string& policy,
                                                             std::vector<std::string>& notes);

}  // namespace cordon::audit_tool
