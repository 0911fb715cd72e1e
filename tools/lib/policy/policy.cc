#include "policy/policy.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/invariant.h"
#include "policy/needs.h"

namespace cordon {
namespace {

void sort_unique(std::vector<FactId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

Rule::Rule(Grant grant, Basis basis, std::vector<FactId> evidence)
    : grant_(std::move(grant)), basis_(std::move(basis)), evidence_(std::move(evidence)) {
  sort_unique(evidence_);
}

Rule Rule::observed(Grant grant, std::vector<FactId> evidence) {
  CORDON_INVARIANT(!evidence.empty());
  return {std::move(grant), {BasisKind::kObserved, "", ""}, std::move(evidence)};
}

Rule Rule::generalised(Grant grant, std::string pass, std::string reason, std::vector<FactId> evidence) {
  CORDON_INVARIANT(!evidence.empty() && !pass.empty() && !reason.empty());
  return {std::move(grant), {BasisKind::kGeneralised, std::move(pass), std::move(reason)}, std::move(evidence)};
}

Rule Rule::baseline(Grant grant, std::string pack, std::string reason) {
  CORDON_INVARIANT(!pack.empty() && !reason.empty());
  return {std::move(grant), {BasisKind::kBaseline, std::move(pack), std::move(reason)}, {}};
}

Rule Rule::pinned(Grant grant, std::string file, std::string reason) {
  CORDON_INVARIANT(!file.empty() && !reason.empty());
  return {std::move(grant), {BasisKind::kPinned, std::move(file), std::move(reason)}, {}};
}

namespace {

/// Grants differ by program and operation; the verdict and the counts are the evidence's business.
std::map<Grant, std::vector<FactId>> grants_of(const Trace& trace, std::size_t& refused) {
  std::map<Grant, std::vector<FactId>> grants;
  for (const Fact& fact : trace.facts) {
    auto operation = needed_operation(fact);
    if (!operation) {
      ++refused;
      continue;
    }
    grants[{fact.subject, std::move(*operation), std::nullopt}].push_back(fact_id(fact));
  }
  return grants;
}

void note_runs(Policy& policy, const Trace& trace) {
  for (const Run& run : trace.runs) {
    policy.runs.push_back(run.head);
    if (policy.program.empty()) policy.program = run.head.program;
    if (!run.end)
      policy.notes.push_back("run " + run.head.run + " has no end: its recording was cut off");
    else if (run.end->lost != 0)
      policy.notes.push_back("run " + run.head.run + " lost " + std::to_string(run.end->lost) + " events");
  }
}

/// A log names no program. Where all its subjects lie under one AppArmor profile that is named by a path, that is one.
std::string logged_program(const Trace& trace) {
  std::set<std::string> roots;
  for (const Fact& fact : trace.facts) {
    const std::string& domain = fact.subject.domain;
    if (!fact.subject.exe.empty() || !domain.starts_with('/')) return {};
    roots.insert(domain.substr(0, domain.find("//", 1)));
  }
  return roots.size() == 1 ? *roots.begin() : std::string();
}

void note_sightings(Policy& policy, const Trace& trace) {
  if (trace.runs.size() < 2) return;
  for (std::uint32_t run = 0; run < trace.runs.size(); ++run)
    for (const auto& [index, tally] : trace.runs[run].tallies)
      if (index < trace.facts.size()) policy.seen_in[fact_id(trace.facts[index])].push_back(run);
}

}  // namespace

Policy policy_from(const Trace& trace, std::string name) {
  Policy policy;
  policy.name = std::move(name);
  policy.complete = trace.complete();
  note_runs(policy, trace);
  if (policy.program.empty()) policy.program = logged_program(trace);
  note_sightings(policy, trace);
  std::size_t refused = 0;
  for (auto& [grant, evidence] : grants_of(trace, refused))
    policy.rules.push_back(Rule::observed(grant, std::move(evidence)));
  if (refused != 0)
    policy.notes.push_back(std::to_string(refused) +
                           " accesses that mode bits refused are not granted: the program gets EACCES either way");
  if (trace.unknown_lines != 0)
    policy.notes.push_back(std::to_string(trace.unknown_lines) +
                           " lines of the trace are of kinds that this version does not know, and grant nothing");
  return policy;
}

}  // namespace cordon
