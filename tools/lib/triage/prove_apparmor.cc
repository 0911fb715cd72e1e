#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apparmor/decide.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/text.h"
#include "facts/describe.h"
#include "triage/fold.h"
#include "triage/prove_profile.h"

namespace cordon::triage {
namespace {

constexpr std::size_t kMaxProfile = std::size_t{16} << 20;

class AppArmorProver final : public Prover {
 public:
  AppArmorProver(std::string path, std::string text, std::unique_ptr<apparmor::ProfileDecider> decider)
      : path_(std::move(path)), text_(std::move(text)), decider_(std::move(decider)) {}

  std::map<std::string, std::string> inputs() const override { return {{path_, sha256_hex(text_)}}; }
  void propose(Finding&) override {}
  void explain(Finding& finding) override;
  bool prove(const Finding& finding, Fix& fix) override;

 private:
  const apparmor::SourceProfile* profile_of(const Finding& finding) const;
  std::string with_rules(const apparmor::SourceProfile& profile, const std::string& rules) const;
  std::uint64_t denied_still(const Finding& finding, apparmor::ProfileDecider& decider) const;
  Excess opened(const Finding& finding, const apparmor::SourceProfile& profile,
                apparmor::ProfileDecider& changed) const;

  std::string path_, text_;
  std::unique_ptr<apparmor::ProfileDecider> decider_;
};

/// The fact as if the profile itself were asked, without complain mode's made-up children.
Fact in_profile(const Fact& fact) {
  Fact copy = fact;
  copy.subject.domain = fold_profile(fact.subject.domain);
  return copy;
}

const apparmor::SourceProfile* AppArmorProver::profile_of(const Finding& finding) const {
  for (const auto& shape : finding.shapes) {
    if (shape.merged.verdict.by != Mechanism::kAppArmor) continue;
    const auto name = fold_profile(shape.merged.subject.domain);
    for (const auto& profile : decider_->source())
      if (profile.name == name && profile.file == path_) return &profile;
  }
  return nullptr;
}

/// The rules go right behind the brace that opens the profile.
std::string AppArmorProver::with_rules(const apparmor::SourceProfile& profile, const std::string& rules) const {
  std::size_t at = 0;
  for (std::size_t line = 1; line < profile.line && at != std::string::npos; ++line) at = text_.find('\n', at) + 1;
  const auto brace = text_.find("{\n", at);
  if (brace == std::string::npos) return {};
  return text_.substr(0, brace + 2) + rules + "\n" + text_.substr(brace + 2);
}

std::uint64_t AppArmorProver::denied_still(const Finding& finding, apparmor::ProfileDecider& decider) const {
  std::uint64_t denied = 0;
  for (const auto& shape : finding.shapes) {
    const bool ours = shape.merged.verdict.by == Mechanism::kAppArmor;
    const bool allowed = ours && std::all_of(shape.samples.begin(), shape.samples.end(), [&](const Fact& fact) {
                           return decider.decide(in_profile(fact)).ruling == Ruling::kAllowed;
                         });
    if (!allowed) denied += shape.count;
  }
  return denied;
}

void AppArmorProver::explain(Finding& finding) {
  for (const auto& shape : finding.shapes) {
    if (shape.merged.verdict.by != Mechanism::kAppArmor) continue;
    const auto decision = decider_->decide(in_profile(shape.samples.front()));
    if (decision.ruling == Ruling::kCannotTell) continue;
    const auto words = decision.ruling == Ruling::kAllowed
                           ? "the profile given allows it (" + decision.by + "): the log was made with another one"
                           : decision.why + " (" + decision.by + ")";
    finding.reasons.push_back({describe(shape.merged.operation), words});
  }
}

/// The rules that the profile has gained and no denial of the finding needed; of those that were needed, the ones with
/// wildcards, since they reach more paths.
Excess AppArmorProver::opened(const Finding& finding, const apparmor::SourceProfile& profile,
                              apparmor::ProfileDecider& changed) const {
  constexpr std::size_t kListed = 8;
  std::set<std::string> known, needed;
  for (const auto& rule : profile.rules) known.insert(rule.text);
  for (const auto& shape : finding.shapes)
    for (const auto& fact : shape.samples) {
      const auto by = changed.decide(in_profile(fact)).by;
      if (const auto colon = by.find(": "); colon != std::string::npos) needed.insert(by.substr(colon + 2));
    }
  Excess excess{true, 0, "paths", {}};
  for (const auto& one : changed.source()) {
    if (one.name != profile.name) continue;
    for (const auto& rule : one.rules) {
      const bool wide = rule.text.find_first_of("*?[{") != std::string::npos;
      if (!known.insert(rule.text).second || (needed.contains(rule.text) && !wide)) continue;
      if (rule.rule.klass != apparmor::RuleClass::kFile) excess.unit = "rules";
      if (++excess.count <= kListed) excess.what.push_back(rule.text);
    }
  }
  return excess;
}

bool AppArmorProver::prove(const Finding& finding, Fix& fix) {
  if (fix.kind != FixKind::kAppArmorRule || fix.files.empty()) return false;
  const auto* profile = profile_of(finding);
  if (profile == nullptr) return false;
  const auto before = denied_still(finding, *decider_);
  if (before == 0) {
    fix.proof.how = "not tried: the profile given allows all of it already";
    return true;
  }
  Diagnostics diagnostics;
  const auto text = with_rules(*profile, fix.files.front().second);
  auto changed = apparmor::read_profile_text(text, path_, diagnostics);
  if (!changed) {
    fix.proof.status = ProofStatus::kRefuted;
    fix.proof.how = "with these rules the profile does not compile: " + to_text(changed.error());
    return true;
  }
  fix.proof.of = finding.count;
  fix.proof.fixed = finding.count - denied_still(finding, **changed);
  fix.proof.status = fix.proof.fixed == 0               ? ProofStatus::kRefuted
                     : fix.proof.fixed == finding.count ? ProofStatus::kProven
                                                        : ProofStatus::kPartial;
  fix.proof.how = "the profile was compiled with the rules, and each denial decided by its automaton";
  fix.excess = opened(finding, *profile, **changed);
  return true;
}

}  // namespace

Result<std::unique_ptr<Prover>> apparmor_prover(const std::string& profile, Diagnostics& diagnostics) {
  auto text = read_file(profile, kMaxProfile);
  if (!text) return text.error();
  auto decider = apparmor::read_profile_text(*text, profile, diagnostics);
  if (!decider) return decider.error();
  return std::unique_ptr<Prover>(new AppArmorProver(profile, std::move(*text), std::move(*decider)));
}

}  // namespace cordon::triage
