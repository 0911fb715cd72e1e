#pragma once

#include <string>
#include <string_view>

#include "triage/finding.h"

/// Triage's findings in the forms that people and machines read. All are deterministic.
namespace cordon::report {

struct TextOptions {
  std::size_t width = 80;  ///< columns
  bool colour = false;
  std::size_t top = 10;  ///< findings shown; 0: all
  std::size_t rows = 0;  ///< of the screen: findings are shown while they fit, at least one; 0: no screen
};

/// One screen, worst first, each finding with its best fix.
std::string triage_text(const triage::Triage& triage, const TextOptions& options);
/// One finding's whole story: evidence, a reason per permission, every fix with its proof and what it opens.
std::string triage_explanation(const triage::Finding& finding, const TextOptions& options);
/// One line for --follow: a new finding.
std::string triage_line(const triage::Finding& finding, const TextOptions& options);

/// schemas/triage-findings.schema.json.
std::string triage_json(const triage::Triage& triage);
/// SARIF 2.1.0 (OASIS): a rule for each cause, a result for each finding.
std::string triage_sarif(const triage::Triage& triage, std::string_view tool_version);
/// JUnit's XML as CI servers read it: a test case for each finding, failed unless it is noise or accepted.
std::string triage_junit(const triage::Triage& triage);
/// For a pull request's comment.
std::string triage_markdown(const triage::Triage& triage);
/// For a node exporter's textfile directory.
std::string triage_prometheus(const triage::Triage& triage);
/// One self-contained page.
std::string triage_html(const triage::Triage& triage, std::string_view title);

}  // namespace cordon::report
