#pragma once

#include <string>

#include "interfaces.h"
#include "selinux/module.h"
#include "selinux_rules.h"

namespace cordon::audit_tool {

struct TeOptions {
  std::string module;  ///< the module's name; empty: rules alone
  bool requires_block = false;
  bool dontaudit = false;
  bool extended = false;                              ///< -x: allowxperm rules for the commands seen
  bool verbose = false;                               ///< evidence above each rule
  std::map<std::size_t, InterfaceChoice> interfaces;  ///< -R: calls in place of rules, by the rule's index
};

/// The rules as policy source, each with what mends the cause better above it. What is refused, or unknown to the
/// policy, stands as a comment with the reason.
std::string te_text(const SelinuxRules& rules, const std::vector<audit::Denial>& denials, const TeOptions& options);

/// The rules that are given as a module: for the require block, CIL and packages.
selinux::Module module_of(const SelinuxRules& rules, const TeOptions& options);

/// Whether any rule is given: not all refused or unknown.
bool gives_any(const SelinuxRules& rules);

/// What the module cannot hold: netlink messages as allowx, which libsepol knows since 3.8.
std::string nlmsg_cil(const SelinuxRules& rules, const TeOptions& options);

/// "12 times, 2026-11-22T14:38:49Z to …" and, a line each, who did it on what.
std::vector<std::string> evidence_lines(const audit::Denial& denial);

/// "{ a b }" or "a".
std::string perm_set(const std::set<std::string>& perms);

/// RFC 3339 in UTC; "unknown time" for 0.
std::string time_text(std::int64_t time_ms);

}  // namespace cordon::audit_tool
