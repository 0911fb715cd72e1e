#pragma once

#include <string_view>
#include <vector>

namespace cordon::apparmor {

/// What complain mode puts before the name of a file that was executed, or a hat that was asked for, without a rule.
/// Source: security/apparmor/policy.c aa_new_null_profile, Linux 6.1.
inline constexpr std::string_view kLearning = "//null-";

/// Where the labels of the profiles that a label lies in end, the outermost first, and its own: 1 and 4 for "a//b". A
/// child's name may begin with a slash, as the outermost one's may.
std::vector<std::size_t> label_ends(std::string_view label);

}  // namespace cordon::apparmor
