#pragma once

#include <map>
#include <string>
#include <vector>

#include "triage/finding.h"

namespace cordon::triage {

/// Tries fixes against a policy. One for each policy that was given; none owns the findings it is asked about.
class Prover {
 public:
  virtual ~Prover() = default;
  /// What was consulted: name → SHA-256.
  virtual std::map<std::string, std::string> inputs() const = 0;
  /// Adds fixes that only the policy can know (booleans, labels, ports), and fills the blanks that it knows.
  virtual void propose(Finding& finding) = 0;
  /// Why each permission is denied.
  virtual void explain(Finding& finding) = 0;
  /// Tries one fix; false if this prover cannot try fixes of its kind for this finding.
  virtual bool prove(const Finding& finding, Fix& fix) = 0;
};

/// Sorts the fixes: what was proven first, then denials fixed, privilege added, reversibility.
/// For noise, what silences it comes before what allows it.
void rank_fixes(std::vector<Fix>& fixes, Severity severity);

/// Sorts the findings, worst first.
void rank_findings(std::vector<Finding>& findings);

/// Asks the provers for proposals, reasons and proofs; what none could try says so; then ranks.
void prove_all(std::vector<Finding>& findings, const std::vector<Prover*>& provers);

}  // namespace cordon::triage
