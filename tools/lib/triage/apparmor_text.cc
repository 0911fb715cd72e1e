#include <set>

#include "apparmor/rule.h"
#include "apparmor/translate.h"
#include "triage/fold.h"
#include "triage/instance.h"

/// Denied facts as the rules that would allow them.
namespace cordon::triage {

std::vector<std::string> apparmor_rules(const Finding& finding) {
  std::vector<apparmor::ProfileRule> rules;
  for (const auto& shape : finding.shapes) {
    if (shape.merged.verdict.by != Mechanism::kAppArmor) continue;
    apparmor::TranslateContext context;
    context.profile = fold_profile(shape.merged.subject.domain);
    context.from_log = true;
    context.dialect = apparmor::Dialect::k40;
    for (const auto& sample : shape.samples) {
      auto translation = apparmor::translate(sample.operation, context);
      for (auto& rule : translation.rules) rules.push_back(std::move(rule));
    }
  }
  apparmor::normalise(rules);
  std::set<std::string> lines;
  for (const auto& rule : rules) lines.insert(apparmor::to_text(rule));
  return {lines.begin(), lines.end()};
}

}  // namespace cordon::triage
