#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "policy/policy.h"
#include "selinux/demand.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// Narrows the permission ioctl to the commands that were seen, by extended permissions (policy versions from 30 on).
class IoctlCommands {
 public:
  static constexpr unsigned kFirstVersion = 30;  ///< POLICYDB_VERSION_XPERMS_IOCTL

  /// `policy` must outlive it.
  explicit IoctlCommands(const Policy& policy);

  /// What the module holds now stays as wide as it is: the standard streams may be anything. Its own files are not
  /// meant.
  void leave(const Module& module, const std::string& domain);
  /// A grant needs this of that target. Where the recording tells of an ioctl but not which, nothing is narrowed.
  void needs(const Grant& grant, const Demand& demand, const Access& access);
  void narrow(Module& module, const std::string& domain) const;

 private:
  std::set<std::string> told_;  // paths whose ioctls are recorded with their commands
  std::map<Access, std::set<std::uint16_t>> seen_;
  std::set<Access> left_;
};

}  // namespace cordon::selinux
