#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apparmor/rule.h"
#include "base/result.h"

namespace cordon::apparmor {

/// What the grammar leaves to the rule's meaning: words, keys and values that its class has, and those that may stand
/// together. Source: apparmor.d(5) of 5.0; the tests compare with apparmor_parser's own suite.
Result<void> check_rule(const ProfileRule& rule);

/// True if the rules ask for different transitions on execution of the same names.
bool conflicting_exec(const ProfileRule& a, const ProfileRule& b);

/// A word of a network rule that is a permission, and neither family, type nor protocol.
bool is_permission(RuleClass klass, std::string_view word);

/// The flags of a profile's head, as "complain" or "kill.signal=hup": known ones, and no two that contradict.
Result<void> check_flags(const std::vector<std::string>& flags);

/// A variable's name without its braces.
bool is_variable_name(std::string_view name);

}  // namespace cordon::apparmor
