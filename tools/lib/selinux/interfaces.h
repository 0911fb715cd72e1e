#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "selinux/policydb.h"
#include "selinux/vectors.h"

namespace cordon::selinux {

/// An interface call that grants what is needed.
struct InterfaceCall {
  std::string text;  ///< "files_read_etc_files(httpd_t)"
  std::string name;
  std::size_t requested = 0;        ///< permissions that were needed and it grants
  std::size_t excess = 0;           ///< permissions that it grants besides, attributes counted by their types
  std::vector<std::string> grants;  ///< all its rules, as policy source
  Vectors vectors;                  ///< the same, by types and attributes
};

/// refpolicy's interfaces, read from .if files and expanded with the permission sets and patterns of its .spt files.
/// No table made beforehand is needed (audit2allow needs sepolgen-ifgen's).
class Interfaces {
 public:
  /// All .if and .spt files below the directory; refpolicy's is /usr/share/selinux/devel/include. `policy` may be null;
  /// it tells how many types an attribute has. Errors: kEnvironment if there is no such directory, kBadInput if it
  /// holds no interface.
  static Result<Interfaces> load(const std::string& directory, const PolicyDb* policy);
  /// One file's text, for tests and single files.
  static Result<Interfaces> parse(const std::vector<std::pair<std::string, std::string>>& files,
                                  const PolicyDb* policy);
  static std::string default_directory() { return "/usr/share/selinux/devel/include"; }

  std::size_t size() const { return interfaces_.size(); }
  std::size_t unreadable() const { return unreadable_; }  ///< definitions that could not be expanded whole

  /// The calls that grant all of `perms`, least excess first; `needed` are all vectors that are needed anyway, which
  /// are no excess. Wildcards and deprecated interfaces never match. At most `limit`.
  std::vector<InterfaceCall> matches(const std::string& source, const std::string& target, const std::string& klass,
                                     const std::set<std::string>& perms, const Vectors& needed,
                                     std::size_t limit = 3) const;

 private:
  struct Interface {
    std::string name;
    Vectors vectors;       ///< by the placeholders $1 and $2
    std::size_t more = 0;  ///< rules that are no access vectors: each counts as excess
    bool second = false;   ///< it takes a type as its second argument
  };
  void index(const PolicyDb* policy);

  std::vector<Interface> interfaces_;
  std::multimap<std::pair<std::string, std::string>, std::size_t> by_target_;  ///< target and class → interface
  std::map<std::string, std::size_t> weight_;                                  ///< attribute → number of its types
  std::size_t unreadable_ = 0;
  friend class InterfaceReader;
};

}  // namespace cordon::selinux
