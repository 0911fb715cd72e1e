#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cordon::audit_tool {

/// What an interface grants to its caller, on one type or attribute and class.
struct Granted {
  std::set<std::string> perms;        ///< always
  std::set<std::string> conditional;  ///< in a tunable, optional or ifdef part
};

/// A refpolicy interface with what a call `NAME(domain)` grants.
struct Interface {
  std::string name;
  std::string file;
  std::map<std::pair<std::string, std::string>, Granted> grants;  ///< by target and class
  bool opaque = false;  ///< it does more than allow (attributes, transitions, roles), or takes further parameters
};

/// refpolicy's headers: NAME.if with interfaces and templates, support/*.spt with m4 macros. Our own reading of the
/// m4 that they use: quotes, $1…$9, nested calls; nothing is executed, depth and size are limited.
class Refpolicy {
 public:
  /// A directory as selinux-policy-dev installs it (/usr/share/selinux/devel/include). Errors: kIo, kBadInput.
  static Result<Refpolicy> load(const std::string& directory);

  /// Adds one file's text; `is_support`: macros rather than interfaces.
  void add(std::string_view text, const std::string& file);
  /// Every interface expanded, by name.
  std::vector<Interface> expand() const;

 private:
  friend class Expander;
  struct Macro {
    std::string body;
    std::string file;
    bool interface = false;
  };
  std::map<std::string, Macro, std::less<>> macros_;
};

}  // namespace cordon::audit_tool
