#pragma once

#include <map>
#include <string>
#include <vector>

#include "apparmor/decide.h"
#include "apparmor/syntax.h"
#include "policy/policy.h"

namespace cordon::apparmor {

/// The blocks of a file's text that a policy's rules may go to: its main profile, with its children and hats, and the
/// other profiles of the file that its programs run under.
class BaseBlocks {
 public:
  /// The main block is the one of the policy's name, the one attached to its program, or the file's only one.
  static Result<BaseBlocks> find(const std::vector<Statement>& statements, const Policy& policy,
                                 const std::string& file);

  const std::string& main() const { return main_; }
  /// By a profile's full name; null where the file has none.
  const Statement* block(const std::string& full_name) const;

  /// The profiles that a rule's subject runs under, as the file's exec rules lead: one at least. A hat that the file
  /// lacks is one of the main profile's.
  std::vector<std::string> profiles_of(const Rule& rule, const Policy& policy, const ProfileDecider& decider) const;

 private:
  void collect(const std::vector<Statement>& statements, const std::string& above);

  std::string main_;
  std::map<std::string, const Statement*> blocks_;
};

}  // namespace cordon::apparmor
