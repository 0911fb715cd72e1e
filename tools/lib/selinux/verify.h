#pragma once

#include <string>
#include <vector>

#include "facts/operation.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// What became of one logged denial under the policy with the module.
enum class Fixed : std::uint8_t {
  kFixed,      ///< denied before, allowed now
  kRemaining,  ///< denied still; `why` says by what
  kAllowed,    ///< the policy alone allows it now: the denial is of another policy or time
  kUnknown,    ///< a context, class or permission is unknown to the policy
};
std::string_view name_of(Fixed fixed);

struct VerifiedDenial {
  Fixed fixed = Fixed::kUnknown;
  std::vector<std::string> remaining;  ///< the permissions still denied
  std::string why;
};

struct Verification {
  std::vector<VerifiedDenial> denials;  ///< one for each given, in their order
  std::vector<std::string> excess;      ///< what the module newly allows that no denial asked for, as rules, sorted
  std::size_t count(Fixed fixed) const;
};

/// Recomputes each denial by libsepol, before and after linking the module into the policy (which stays linked).
Result<Verification> verify_denials(const std::vector<AvOp>& denials, PolicyDb& policy, const Module& module,
                                    Diagnostics& diagnostics);

}  // namespace cordon::selinux
