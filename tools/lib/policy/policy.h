#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "facts/fact.h"
#include "facts/trace.h"
#include "policy/path_pattern.h"

namespace cordon {

/// What a rule allows: an operation by a program. For a generalised file or exec, `pattern` stands for the path.
struct Grant {
  Subject subject;
  Operation operation;
  std::optional<PathPattern> pattern;
  std::optional<PathPattern> target_pattern = std::nullopt;  ///< for a link's other name, where `pattern` is there
  auto operator<=>(const Grant&) const = default;
};

enum class BasisKind : std::uint8_t { kObserved, kGeneralised, kBaseline, kPinned };

/// Why a rule is there.
struct Basis {
  BasisKind kind = BasisKind::kObserved;
  std::string by;      ///< the pass, the pack, or the user's file
  std::string reason;  ///< in words; empty for kObserved
  auto operator<=>(const Basis&) const = default;
};

/// A grant with its basis and evidence. Only the four factories make one, so no rule is without a basis.
class Rule {
 public:
  static Rule observed(Grant grant, std::vector<FactId> evidence);
  static Rule generalised(Grant grant, std::string pass, std::string reason, std::vector<FactId> evidence);
  static Rule baseline(Grant grant, std::string pack, std::string reason);
  static Rule pinned(Grant grant, std::string file, std::string reason);

  const Grant& grant() const { return grant_; }
  const Basis& basis() const { return basis_; }
  const std::vector<FactId>& evidence() const { return evidence_; }  ///< sorted, unique

  bool operator==(const Rule&) const = default;
  auto operator<=>(const Rule&) const = default;

 private:
  Rule(Grant grant, Basis basis, std::vector<FactId> evidence);
  Grant grant_;
  Basis basis_;
  std::vector<FactId> evidence_;
};

/// A set of rules, sorted and unique, with what every emitted profile must bear.
struct Policy {
  std::string name;      ///< as given by -n
  std::string program;   ///< absolute path of the program that the profile attaches to
  bool complete = true;  ///< false: a recording behind it was incomplete, and the profile must say so
  std::vector<std::string> notes;
  std::vector<Rule> rules;
  std::vector<Head> runs;  ///< the heads of the runs that it was made from
  /// Which of `runs` saw a fact, by index, ascending. Empty where there is one run: it saw them all.
  std::map<FactId, std::vector<std::uint32_t>> seen_in;
};

/// One rule per distinct allowed or attempted operation; facts that failed are granted too where the program would
/// else see another errno (see the pass's note in policy.cc).
Policy policy_from(const Trace& trace, std::string name);

}  // namespace cordon
