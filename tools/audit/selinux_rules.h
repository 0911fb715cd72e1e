#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit/denial.h"
#include "selinux/labels.h"
#include "selinux/neverallow.h"
#include "selinux/policydb.h"

namespace cordon::audit_tool {

/// What SELinux denials are judged by. Without a policy nothing is explained, and rules are made all the same.
struct Judges {
  std::optional<selinux::PolicyDb> policy;
  std::optional<selinux::Labels> labels;
  std::optional<selinux::Neverallows> neverallows;
  std::string root;                   ///< --root: the paths of the log lie under it
  std::int64_t policy_loaded_ms = 0;  ///< when the log last says that a policy was loaded; 0: it does not
  bool i_know = false;                ///< guards and neverallows warn instead of refusing
};

/// One permission of one rule: what the policy says of it, over all the denials that ask for it.
struct PermissionState {
  std::vector<selinux::Reason> reasons;  ///< unique, in the order of their kinds
  bool allowed = true;                   ///< in every denial
  bool known = false;                    ///< in one denial at least: the policy has the contexts, class and permission
  bool unknown = false;                  ///< in no denial
  bool blocked_otherwise = false;        ///< type enforcement allows it: no allow rule can help
  std::string refused;                   ///< why no rule is made; empty: one is
  std::string instead;                   ///< what to do in its place
  std::vector<std::string> remarks;      ///< what else would mend it: a label, a port
};

/// An allow rule with all that is known of it.
struct TeRule {
  std::string source, target, klass;  ///< target "self" where it is the source
  std::map<std::string, PermissionState> perms;
  std::set<std::uint32_t> ioctls, nlmsgs;
  bool extended_only = false;        ///< ioctl is allowed and the command is not
  std::vector<std::size_t> denials;  ///< indexes into the denials given
  auto key() const { return std::tie(source, target, klass); }
};

/// `role R types T;`, for transitions that made an invalid context.
struct RoleRule {
  std::string role, type, remark;
  std::vector<std::size_t> denials;
};

/// Where a denial went. Every one goes to exactly one of these.
enum class Fate : std::uint8_t { kRule, kFinding, kUnexplained };

struct Judgement {
  Fate fate = Fate::kUnexplained;
  std::string why;  ///< of a finding or an unexplained one
};

struct SelinuxRules {
  std::vector<TeRule> rules;  ///< by source, target, class
  std::vector<RoleRule> roles;
  std::vector<Judgement> fates;  ///< one for each denial given; kUnexplained for other mechanisms' ones
};

SelinuxRules selinux_rules(const std::vector<audit::Denial>& denials, Judges& judges);

/// Which judges the command line names.
struct JudgeFiles {
  std::string policy, file_contexts, root;
  bool digests = false;                    ///< notes name the policy by its SHA-256 too
  std::optional<std::string> neverallows;  ///< no value: not wanted; empty: those of the policy's base module
};

/// What -p, --file-contexts and --root say, or what this host has: only as far as these denials need them.
/// `notes` tells what was taken or is missing.
Result<Judges> find_judges(const JudgeFiles& files, const std::vector<audit::Denial>& denials,
                           std::vector<std::string>& notes);

}  // namespace cordon::audit_tool
