#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "selinux/cil.h"
#include "selinux/module.h"
#include "selinux/policydb.h"
#include "selinux/vectors.h"

namespace cordon::selinux {

/// A neverallow statement that a module breaks.
struct Broken {
  std::string statement;  ///< the neverallow, as CIL
  std::string where;      ///< file:line
  std::string rule;       ///< the module's access that breaks it, as policy source
  Vector vector;          ///< the same, taken apart
  std::set<std::string> perms;
};

struct NeverallowReport {
  std::vector<Broken> broken;          ///< sorted
  std::size_t checked = 0;             ///< statements that were checked
  std::vector<std::string> unchecked;  ///< statements that could not be, each with the name that is unknown
};

/// The neverallow statements of CIL text, with the attribute sets that they are written in. Milliseconds to check.
/// A binary policy bears no neverallow: they come from the base module's CIL.
class Neverallows {
 public:
  static Result<Neverallows> parse(std::string_view cil, const std::string& where);
  /// Fills the buffer with what comes next of the text; 0 at its end.
  using Read = std::function<Result<std::size_t>(char* buffer, std::size_t size)>;
  /// The same in pieces: a base module is megabytes, its neverallows are kilobytes.
  static Result<Neverallows> parse(const Read& read, const std::string& where);
  /// A .cil file, bzip2-compressed or not.
  static Result<Neverallows> load(const std::string& path);
  /// The base module in the installed policy's store, /var/lib/selinux/TYPE/active/modules/100/base/cil.
  static Result<Neverallows> installed();

  std::size_t size() const { return rules_.size(); }
  /// Checks the module's allow rules, "self" and attributes taken apart. `policy` is the base, without the module.
  NeverallowReport check(const Module& module, const PolicyDb& policy) const;

 private:
  struct Rule {
    Sexp source;
    Sexp target;
    std::string klass;
    std::set<std::string> perms;
    std::uint32_t line = 0;
    std::string text;
  };
  std::vector<Rule> rules_;
  std::map<std::string, std::vector<Sexp>> sets_;
  std::string where_;
  friend class NeverallowChecker;
};

}  // namespace cordon::selinux
