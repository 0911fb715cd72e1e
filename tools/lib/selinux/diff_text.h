#pragma once

#include <set>
#include <string>

#include "selinux/module.h"
#include "selinux/vectors.h"

/// Rules as policy source, for those who tell what modules allow beyond each other.
namespace cordon::selinux {

std::string braced_list(const std::set<std::string>& names);
std::string rule_text(const Vector& vector, const std::set<std::string>& perms);
std::string extended_text(const Access& access, const ExtendedKind& kind, const std::string& numbers);
std::string any_number(const ExtendedKind& kind);
std::set<std::string> minus(const std::set<std::string>& a, const std::set<std::string>& b);

}  // namespace cordon::selinux
