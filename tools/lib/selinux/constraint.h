#pragma once

#include <string>
#include <vector>

#include "selinux/policydb_impl.h"

namespace cordon::selinux {

/// A constrain or mlsconstrain statement that a request does not meet.
struct Unmet {
  std::string statement;           ///< as policy source, in infix notation
  std::vector<std::string> words;  ///< what is wrong, one clause a term that is false
  bool mls = false;                ///< it compares levels
};

/// The constraints of the class that govern one of `perms` and are not met by these contexts.
std::vector<Unmet> unmet_constraints(const PolicyDb::Impl& impl, const class_datum_t& klass, std::uint32_t perms,
                                     const context_struct_t& source, const context_struct_t& target);

}  // namespace cordon::selinux
