#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "selinux/policydb.h"

namespace cordon::selinux {

/// How many dontaudit rules of a policy silence each domain, conditional ones included. Refers to the policy, which
/// must outlive it.
class DontauditCounts {
 public:
  explicit DontauditCounts(const PolicyDb& policy);
  /// Of the type and of its attributes; 0 also for a type that the policy does not have.
  std::size_t of(std::string_view type) const;

 private:
  const PolicyDb& policy_;
  std::vector<std::size_t> by_source_;  ///< by the value of the type or attribute
};

}  // namespace cordon::selinux
