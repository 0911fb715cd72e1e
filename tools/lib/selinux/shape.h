#pragma once

#include <string>

#include "policy/path_pattern.h"

namespace cordon::selinux {

/// The pattern as an anchored PCRE for file contexts; every literal byte is escaped.
std::string regex_of(const PathPattern& pattern);

/// A path that the pattern matches, to look labels up with.
std::string sample_of(const PathPattern& pattern);

}  // namespace cordon::selinux
