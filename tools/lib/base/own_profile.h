#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cordon {

/// How a child of ours leaves the profile that confines the recorder (profiles/self): what it starts is the user's, and
/// the filter's no_new_privs would keep its execve(2) from a transition (kernel: security/apparmor/domain.c,
/// security/selinux/hooks.c check_nnp_nosuid()). Empty where another profile or none confines us: that one stays.
class OwnProfile {
 public:
  OwnProfile();
  /// In the child, before its filter; async-signal-safe. False with errno where the profile does not let it go.
  bool leave() const;

 private:
  struct Step {
    const char* file;
    std::string words;
  };
  std::vector<Step> steps_;
};

/// The label of AppArmor, "cordon-record (enforce)", is one of ours.
bool is_own_apparmor_label(std::string_view label);
/// The context of SELinux, "u:r:cordon_record_t:s0", is one of ours.
bool is_own_selinux_context(std::string_view context);

}  // namespace cordon
