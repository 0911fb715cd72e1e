#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cordon::selinux {

/// As much of m4 as refpolicy's .if and .spt files use: quoted macro definitions, calls with arguments, and the
/// policy's own conditionals. Total: nesting and output are limited, and what is not understood is counted.
class Macros {
 public:
  static constexpr std::size_t kMaxDepth = 48;
  static constexpr std::size_t kMaxOutput = std::size_t{1} << 20;
  static constexpr std::size_t kMaxSteps = 20000;  ///< macros expanded by one call

  /// What an expansion met besides text.
  struct Met {
    bool deprecated = false;   ///< refpolicywarn
    bool conditional = false;  ///< tunable_policy: its rules are left out
    bool unknown = false;      ///< a call to something undefined, or a limit
    std::size_t steps = 0;
  };

  /// Takes every define(), interface() and template() of a file. Returns how many could not be read.
  std::size_t read(std::string_view text);
  bool has(const std::string& name) const { return bodies_.contains(name); }
  const std::set<std::string>& interfaces() const { return interfaces_; }
  std::string call(const std::string& name, const std::vector<std::string>& arguments, Met& met) const;

 private:
  std::string expand(std::string_view text, std::size_t depth, Met& met) const;
  std::string builtin(const std::string& name, const std::vector<std::string>& arguments, std::size_t depth, Met& met,
                      bool& known) const;

  std::map<std::string, std::string> bodies_;
  std::set<std::string> interfaces_;
};

}  // namespace cordon::selinux
