#include "selinux/diff_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cordon::selinux {

std::string braced_list(const std::set<std::string>& names) {
  std::string out = "{";
  for (const std::string& name : names) out += " " + name;
  return out + " }";
}

std::string rule_text(const Vector& vector, const std::set<std::string>& perms) {
  return fmt::format("allow {} {}:{} {};", vector.source, vector.target == vector.source ? "self" : vector.target,
                     vector.klass, braced_list(perms));
}

std::string extended_text(const Access& access, const ExtendedKind& kind, const std::string& numbers) {
  return fmt::format("{}xperm {} {}:{} {} {};", name_of(access.kind), access.source, access.target, access.klass,
                     kind.perm, numbers);
}

std::string any_number(const ExtendedKind& kind) { return kind.perm == "ioctl" ? "of any command" : "of any message"; }

std::set<std::string> minus(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

}  // namespace cordon::selinux
