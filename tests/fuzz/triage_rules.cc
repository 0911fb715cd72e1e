// Triage's readers of what users hand in: rule files, baselines, times, globs, paths. Total, and what comes out is
// safe.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "triage/baseline.h"
#include "triage/fill.h"
#include "triage/fold.h"
#include "triage/match.h"
#include "triage/rule.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  cordon::triage::RuleSet rules;
  cordon::Diagnostics diagnostics;
  cordon::triage::read_rules(bytes, "f", rules, diagnostics);
  require(rules.refused == diagnostics.all().size());
  (void)cordon::triage::read_baseline(bytes, "f");
  if (const auto time = cordon::triage::parse_time(bytes, 0)) (void)cordon::triage::time_text(*time);
  const auto cut = size / 2;
  (void)cordon::triage::glob_matches(bytes.substr(0, cut), bytes.substr(cut));
  const auto folded = cordon::triage::fold_path(bytes);
  require(folded.size() <= bytes.size() + 1);
  (void)cordon::triage::level_dominates(bytes.substr(0, cut), bytes.substr(cut));
  const auto quoted = cordon::triage::shell_quote(bytes);
  require(cordon::printable(quoted) == quoted);
  return 0;
}
