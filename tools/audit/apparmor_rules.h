#pragma once

#include <map>
#include <string>
#include <vector>

#include "apparmor/dialect.h"
#include "apparmor/emit.h"
#include "apparmor/rule.h"
#include "selinux_rules.h"

namespace cordon::audit_tool {

/// A profile with just the rules to add, hats and children beneath it.
struct ApparmorProfile {
  std::string name;        ///< the last part: "php" of "/usr/sbin/apache2//php"
  std::string name_space;  ///< of the policy namespace that the records name; such a profile is another one
  bool hat = false;
  bool asked_for = false;  ///< a hat that a change was refused to: it is needed, with or without rules
  std::vector<apparmor::ProfileRule> rules;
  std::vector<std::string> flags;     ///< that the profile needs: attach_disconnected
  std::vector<std::string> comments;  ///< what a rule cannot say
  std::vector<std::size_t> denials;
  std::map<std::string, ApparmorProfile> children;
};

struct ApparmorRules {
  std::map<std::string, ApparmorProfile> profiles;  ///< by namespace and name
  std::vector<Judgement> fates;                     ///< one for each denial given
};

/// `audited`: what audit rules logged as allowed; it gets its rules too, since audit2allow-like tools give them.
/// `exec`: what complain mode ran under "PARENT//null-…" gets its rules in the profile that executed it, in child
/// profiles, or wherever the difference of privileges says.
ApparmorRules apparmor_rules(const std::vector<audit::Denial>& denials, const std::vector<audit::Denial>& audited,
                             apparmor::Dialect dialect, apparmor::ExecMode exec);
std::string apparmor_text(const ApparmorRules& rules, const std::vector<audit::Denial>& denials, bool verbose);

}  // namespace cordon::audit_tool
