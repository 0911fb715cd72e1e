#pragma once

#include <map>
#include <string>

#include "policy/policy.h"
#include "seccomp/data.h"

namespace cordon::seccomp {

/// The packs that a recording tells of, each with the path that told: the libc that was mapped, the language's runtime.
/// A recording without paths tells nothing.
std::map<std::string, std::string> told_packs(const Policy& policy, const Data& data);

}  // namespace cordon::seccomp
