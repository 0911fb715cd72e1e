#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "selinux/policydb.h"

namespace cordon::selinux {

inline Result<std::string> installed_policy() { return find_policy(); }

inline void skip(const Error& why) { WARN("skip: " << to_text(why)); }

/// The machine's policy, loaded once; null, with the reason printed, where there is none.
inline PolicyDb* shared_policy() {
  static auto path = find_policy();
  if (!path) {
    skip(path.error());
    return nullptr;
  }
  static auto policy = PolicyDb::load(*path);
  if (!policy) skip(policy.error());
  return policy ? &*policy : nullptr;
}

}  // namespace cordon::selinux
