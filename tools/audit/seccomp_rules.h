#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/arch.h"
#include "selinux_rules.h"

namespace cordon::audit_tool {

/// The calls of one program that its filter refused.
struct SeccompProgram {
  std::string program;
  std::map<Arch, std::set<std::string>> calls;
  std::set<std::string> without_name;  ///< "x86_64 number 999"
  std::vector<std::size_t> denials;
};

struct SeccompRules {
  std::map<std::string, SeccompProgram> programs;
  std::vector<Judgement> fates;  ///< one for each denial given
};

SeccompRules seccomp_rules(const std::vector<audit::Denial>& denials);

/// OCI rules, one list for each program, to be put into its profile's "syscalls".
std::string seccomp_text(const SeccompRules& rules, const std::vector<audit::Denial>& denials, bool verbose);

/// SECCOMP_RET_* of a record in words: "kill process", "errno EPERM".
std::string action_text(std::uint32_t action);

}  // namespace cordon::audit_tool
