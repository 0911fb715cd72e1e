#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "facts/trace.h"
#include "triage/baseline.h"
#include "triage/finding.h"
#include "triage/prover.h"

namespace cordon::triage {

/// Which denials to look at. Empty lists and zero times let everything through; globs as in rules.
struct Filter {
  std::int64_t since_ms = 0, until_ms = 0;
  std::vector<std::string> units, containers, hosts, exes, types;
  bool accepts(const Fact& fact, const audit::Details& details) const;

 private:
  bool accepts_place(const Fact& fact, const audit::Details& details) const;
};

/// Gathers denials, then makes findings of them. Memory is bound by the number of different denials, and by kMaxShapes.
class Engine {
 public:
  static constexpr std::size_t kMaxShapes = 40'000;
  static constexpr std::size_t kMaxLinkedEvents = 300'000;

  Engine(const RuleSet& rules, Filter filter);

  /// What was logged; what is no denial is only counted, what could not be understood is counted with its problem.
  /// `raw`, if given, is called for the few records that are kept as evidence.
  void add(const audit::Denial& denial, const std::function<std::string()>& raw = {});
  /// A fact of a trace; those that are not denials are only counted.
  void add(const Fact& fact);
  /// True if the last added fact was the first of its finding: what --follow prints.
  bool last_was_new() const { return last_was_new_; }
  /// The finding that the last denial belongs to, without fixes.
  Finding last_finding() const;

  /// The findings, proven and ranked. The engine is empty afterwards.
  Triage finish(const std::vector<Prover*>& provers, const Baseline& baseline, std::int64_t now_ms);

 private:
  bool add(const Fact& fact, const audit::Details& details, bool counted, const std::function<std::string()>& raw);
  void link(const std::string& event, std::uint32_t shape, std::uint64_t count);
  std::vector<Finding> group();
  void reset();

  const RuleSet& rules_;
  PathClasses paths_;
  Filter filter_;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<Shape> shapes_;
  std::unordered_map<std::size_t, std::uint32_t> events_;   ///< hash of an event id → its first shape
  std::unordered_map<std::uint64_t, std::uint64_t> links_;  ///< two shapes of one event → how often
  std::unordered_set<std::string> seen_findings_;
  std::uint64_t records_ = 0, denials_ = 0, filtered_ = 0, folded_ = 0, undecoded_ = 0;
  std::map<std::string, std::uint64_t> problems_;
  std::uint32_t last_shape_ = 0;
  bool last_was_new_ = false;
};

/// The rule that explains a denial best: signs of an attack first, then the most special; unexplained_rule() if none.
const CauseRule& best_rule(const RuleSet& rules, const View& view);

/// A finding's key: the rule's id and the values of the fields that it groups by.
std::string finding_key(const CauseRule& rule, const View& view);

}  // namespace cordon::triage
