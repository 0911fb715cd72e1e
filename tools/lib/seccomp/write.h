#pragma once

#include <string>

#include "seccomp/read.h"

namespace cordon::seccomp {

/// The profile as JSON that read_profile() reads back to the same rules; canonical for its dialect. kSpo is YAML's
/// business: see formats.h.
std::string write_json(const Profile& profile, Dialect dialect);

}  // namespace cordon::seccomp
