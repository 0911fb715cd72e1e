#pragma once

#include <string>
#include <vector>

namespace cordon::selinux {

/// An access that no learned allow rule may grant (profiles/selinux/guards.json).
struct GuardHit {
  std::string id;
  std::vector<std::string> perms;  ///< those of the asked ones that it refuses, sorted
  std::string why;
  std::string instead;  ///< what to do in place of an allow rule
};

/// The guards that refuse some of `allow source target:klass { perms }`, by type names. Empty: none.
std::vector<GuardHit> guard_hits(const std::string& source_type, const std::string& target_type,
                                 const std::string& klass, const std::vector<std::string>& perms);

}  // namespace cordon::selinux
