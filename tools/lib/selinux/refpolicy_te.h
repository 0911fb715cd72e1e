#pragma once

#include <string>
#include <vector>

#include "selinux/interfaces.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// How many permissions an interface may grant beyond what is needed; what needs more is written as allow rules.
inline constexpr std::size_t kInterfaceBudget = 4;

struct RefpolicyText {
  std::string te;
  std::vector<std::string> excess;  ///< each call that grants more than was seen, with how much
};

/// The module in refpolicy's style, for its Makefile: policy_module(), gen_require(), and interface calls in place of
/// the domain's allow rules where one covers them within the budget.
RefpolicyText write_refpolicy_te(const Module& module, const std::string& domain, const Interfaces& interfaces,
                                 std::size_t budget = kInterfaceBudget);

}  // namespace cordon::selinux
