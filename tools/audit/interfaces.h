#pragma once

#include <map>
#include <string>
#include <vector>

#include "refpolicy.h"
#include "selinux_rules.h"

namespace cordon::audit_tool {

/// An interface call that stands for a rule, and what it grants beyond what was denied.
struct InterfaceChoice {
  std::string call;  ///< "files_read_etc_files(httpd_t)"
  std::size_t excess =
      0;  ///< permissions beyond the needed and the already allowed ones; what is not mere reading counts tenfold
  std::vector<std::string> beyond;  ///< the first of them: "etc_t:dir list"
};

/// For each rule (by its index) the interface with the least excess, if one grants it all with at most `max_excess`.
/// Attributes are counted with every type that the policy gives them.
std::map<std::size_t, InterfaceChoice> choose_interfaces(const SelinuxRules& rules,
                                                         const std::vector<Interface>& interfaces, const Judges& judges,
                                                         std::size_t max_excess);

}  // namespace cordon::audit_tool
