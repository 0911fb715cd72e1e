#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "policy/policy.h"
#include "selinux/demand.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// Narrows the permissions ioctl and nlmsg to the commands and message types that were seen, by extended permissions.
class ExtendedPerms {
 public:
  static constexpr unsigned kFirstVersion = 30;  ///< POLICYDB_VERSION_XPERMS_IOCTL

  /// `policy` must outlive it.
  explicit ExtendedPerms(const Policy& policy);

  /// What the module holds now stays as wide as it is: the standard streams may be anything. Its own files are not
  /// meant.
  void leave(const Module& module, const std::string& domain);
  /// A grant needs this of that target. Where the recording tells of an ioctl but not which, nothing is narrowed.
  void needs(const Grant& grant, const Demand& demand, const Access& access);
  /// `ioctls`: those too. Once a rule has extended permissions, the kernel asks them of all its numbers, be they
  /// commands or messages (security/selinux/avc.c avc_has_extended_perms): both are narrowed, or neither is.
  void narrow(Module& module, const std::string& domain, bool ioctls) const;

 private:
  struct Numbers {
    std::map<Access, std::set<std::uint16_t>> seen;
    std::set<Access> left;
  };
  void narrow_ioctls(Module& module, const std::string& domain) const;
  void narrow_messages(Module& module, const std::string& domain) const;

  std::set<std::string> told_;  // paths whose ioctls are recorded with their commands
  Numbers ioctls_, messages_;
};

}  // namespace cordon::selinux
