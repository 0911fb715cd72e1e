#pragma once

#include <string>
#include <vector>

#include "audit/denial.h"
#include "input.h"
#include "selinux_rules.h"

namespace cordon::audit_tool {

/// Everything that allow and why work on.
struct Gathered {
  Logs logs;
  std::vector<audit::Denial> denials;
  std::vector<audit::Denial> audited;  ///< AppArmor: allowed, and logged by an audit rule
  std::uint64_t not_denied = 0;        ///< decisions that were granted or only audited
  std::uint64_t filtered = 0;          ///< denials that -t, -l or -b left out
  Judges judges;
  std::vector<std::string> notes;
};

/// Keeps a value until the process ends and does not take it apart then: freeing a policy and ten thousand denials
/// piece by piece costs a tenth of the whole run.
template <class T>
T& kept(T&& value) {
  static T* const kKept = new T(std::move(value));
  return *kKept;
}

/// Options that allow and why share.
std::vector<cli::OptionRow> judge_options();

/// What the denials are gathered for.
enum class For : std::uint8_t { kRules, kReasons };

/// Reads the logs, applies -t, -l and -b, and finds the policy, file contexts and, for rules, neverallow rules.
Result<Gathered> gather(const cli::Arguments& arguments, For what);

struct ApparmorRules;
struct SeccompRules;

/// One fate for each denial, whoever decided it.
std::vector<Judgement> merged_fates(const std::vector<audit::Denial>& denials, const SelinuxRules& selinux,
                                    const ApparmorRules& apparmor, const SeccompRules& seccomp);

struct FateCounts {
  std::uint64_t rules = 0, findings = 0, unexplained = 0;
  std::uint64_t denials() const { return rules + findings + unexplained; }
};
FateCounts count_fates(const std::vector<audit::Denial>& denials, const std::vector<Judgement>& fates);

/// The second closing line, with what got no rule (`allow` only) and what is unexplained; true if something is.
bool print_fates(const Gathered& gathered, const std::vector<Judgement>& fates, bool without_rule = true);

}  // namespace cordon::audit_tool
