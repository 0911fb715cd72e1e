#pragma once

#include <string>

#include "facts/fact.h"

namespace cordon {

/// The operation in one line for people: "read,getattr /etc/passwd", "socket(0=2, 1=1)". Safe to print on a terminal.
std::string describe(const Operation& operation);

/// "ENOENT", "denied by seccomp", "" for allowed.
std::string describe(const Verdict& verdict);

/// The flag names, comma-separated.
std::string describe(FilePerms perms);

}  // namespace cordon
