#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "triage/prover.h"

namespace cordon::triage {
namespace {

constexpr std::array kStatusNames =
    std::to_array<std::string_view>({"proven", "partial", "untried", "refuted", "refused"});
constexpr std::array kReversalNames = std::to_array<std::string_view>({"exact", "by hand", "none"});

/// A label or a port's type changes what was named; a rule or a boolean opens every object of a type. What was not
/// tried stays in the order of its rule.
bool reaches_whole_types(const Fix& fix) {
  const bool helps = fix.proof.status == ProofStatus::kProven || fix.proof.status == ProofStatus::kPartial;
  return helps && fix.kind != FixKind::kRelabel && fix.kind != FixKind::kPort;
}

auto order_of(const Fix& fix, Severity severity) {
  const auto excess = fix.excess.known ? fix.excess.count : std::numeric_limits<std::uint64_t>::max();
  const bool hides = fix.kind == FixKind::kDontaudit;
  const int place = !hides ? 1 : severity == Severity::kNoise ? 0 : 2;
  return std::tuple(place, fix.proof.status, std::numeric_limits<std::uint64_t>::max() - fix.proof.fixed,
                    reaches_whole_types(fix), excess, fix.reversal);
}

auto order_of(const Finding& finding) {
  const bool logged_only = finding.blocked == 0;
  return std::tuple(finding.severity == Severity::kNoise, finding.severity != Severity::kAttack, logged_only,
                    finding.severity, std::numeric_limits<std::uint64_t>::max() - finding.count,
                    std::string_view(finding.id));
}

/// A cause is the same fix only once: two rules may propose the same commands on the same files.
void drop_repeated(std::vector<Fix>& fixes) {
  std::vector<Fix> kept;
  for (auto& fix : fixes) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Fix& other) {
      return other.kind == fix.kind && other.commands == fix.commands && other.files == fix.files &&
             (!fix.commands.empty() || other.title == fix.title);
    });
    if (!known) kept.push_back(std::move(fix));
  }
  fixes = std::move(kept);
}

struct UntriedRow {
  FixKind kind;
  std::string_view why;
};
constexpr UntriedRow kUntried[] = {
    {FixKind::kInvestigate, "nothing to try: this is something to look at"},
    {FixKind::kRun, "not tried: it changes how the program is started"},
    {FixKind::kConfigure, "not tried: it changes settings, not the policy"},
    {FixKind::kDontaudit, "not tried: it hides the denial and allows nothing"},
    {FixKind::kAppArmorRule, "not tried: no AppArmor profile with this name was given (--profile)"},
    {FixKind::kSeccompAllow, "not tried: no seccomp profile was given (--profile)"},
};

/// What no prover could answer for says why.
void settle_untried(Fix& fix) {
  if (!fix.proof.how.empty()) return;
  fix.proof.status = ProofStatus::kUntried;
  for (const auto& row : kUntried)
    if (row.kind == fix.kind) fix.proof.how = row.why;
  if (fix.proof.how.empty()) fix.proof.how = "not tried: no SELinux policy was given that could answer (--policy)";
}

}  // namespace

std::string_view to_text(ProofStatus status) { return kStatusNames[static_cast<std::size_t>(status)]; }
std::string_view to_text(Reversal reversal) { return kReversalNames[static_cast<std::size_t>(reversal)]; }

void rank_fixes(std::vector<Fix>& fixes, Severity severity) {
  drop_repeated(fixes);
  std::stable_sort(fixes.begin(), fixes.end(),
                   [&](const Fix& a, const Fix& b) { return order_of(a, severity) < order_of(b, severity); });
}

void rank_findings(std::vector<Finding>& findings) {
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return order_of(a) < order_of(b); });
}

void prove_all(std::vector<Finding>& findings, const std::vector<Prover*>& provers) {
  for (auto& finding : findings) {
    for (auto* prover : provers) {
      prover->explain(finding);
      prover->propose(finding);
    }
    for (auto& fix : finding.fixes) {
      for (auto* prover : provers)
        if (prover->prove(finding, fix)) break;
      settle_untried(fix);
    }
    rank_fixes(finding.fixes, finding.severity);
  }
  rank_findings(findings);
}

}  // namespace cordon::triage
