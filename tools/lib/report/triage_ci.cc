#include <fmt/format.h>

#include "base/text.h"
#include "report/escape.h"
#include "report/sarif.h"
#include "report/triage_report.h"
#include "triage/baseline.h"
#include "triage/instance.h"

/// The forms that CI servers and monitoring read.
namespace cordon::report {
namespace {

using triage::Finding;
using triage::Severity;
using triage::Triage;

constexpr std::string_view kLevels[] = {"error", "error", "warning", "note"};

std::string_view level_of(const Finding& finding) {
  return finding.blocked == 0 && finding.severity != Severity::kAttack
             ? "note"
             : kLevels[static_cast<std::size_t>(finding.severity)];
}

std::string fix_text(const Finding& finding) {
  if (finding.fixes.empty()) return {};
  const auto& fix = finding.fixes.front();
  std::string out = fix.title + " (" + std::string(triage::to_text(fix.proof.status)) + ")";
  for (const auto& command : fix.commands) out += "\n$ " + utf8(command);
  return out;
}

std::string message(const Finding& finding) {
  return fmt::format("{} Denied {}, blocked {}.", utf8(finding.summary), counted(finding.count, "time"),
                     finding.blocked);
}

SarifResult result_of(const Finding& finding) {
  const auto& origin = triage::lead_shape(finding).samples.front().origin;
  SarifResult result{
      finding.rule, std::string(level_of(finding)), message(finding), origin.source, origin.line, finding.id, {}};
  result.properties = {{"count", std::to_string(finding.count)},
                       {"first", triage::time_text(finding.first_ms)},
                       {"last", triage::time_text(finding.last_ms)},
                       {"fix", fix_text(finding)}};
  return result;
}

std::string test_case(const Finding& finding, bool failed) {
  std::string out = fmt::format("    <testcase classname=\"{}\" name=\"{}: {}\">", xml(finding.rule), xml(finding.id),
                                xml(finding.title));
  if (!finding.accepted.empty())
    out += "<skipped message=\"" + xml("accepted: " + finding.accepted) + "\"/>";
  else if (failed)
    out += fmt::format("<failure type=\"{}\" message=\"{}\">{}</failure>", to_text(finding.severity),
                       xml(message(finding)), xml(finding.reason) + "\n" + xml(fix_text(finding)));
  else
    out += "<system-out>" + xml(message(finding)) + "</system-out>";
  return out + "</testcase>\n";
}

bool fails(const Finding& finding) { return finding.severity != Severity::kNoise; }

std::string markdown_row(const Finding& finding) {
  const auto fix = finding.fixes.empty() ? std::string()
                                         : markdown(finding.fixes.front().title) + " (" +
                                               std::string(triage::to_text(finding.fixes.front().proof.status)) + ")";
  return fmt::format("| {} | {} | {} | {} | {} |\n", markdown_code(finding.id), to_text(finding.severity),
                     finding.count, markdown(finding.summary), fix);
}

/// Markdown's fences: longer than any run of backticks inside.
std::string markdown_block(const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  return fence + "sh\n" + text + "\n" + fence + "\n";
}

std::string markdown_details(const Finding& finding) {
  std::string out = "<details><summary>" + xml(finding.id + ": " + finding.title) + "</summary>\n\n" +
                    markdown(finding.reason) + "\n\n";
  for (const auto& fix : finding.fixes) {
    out += fmt::format("- {} ({}: {})\n\n", markdown(fix.title), triage::to_text(fix.proof.status),
                       markdown(fix.proof.how));
    std::string commands;
    for (const auto& command : fix.commands) commands += (commands.empty() ? "" : "\n") + utf8(command);
    if (!commands.empty()) out += markdown_block(commands) + "\n";
  }
  return out + "</details>\n\n";
}

std::string metric_head(std::string_view name, std::string_view help, std::string_view type) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

}  // namespace

std::string triage_sarif(const Triage& triage, std::string_view tool_version) {
  std::vector<SarifRule> rules;
  std::vector<SarifResult> results;
  for (const auto& finding : triage.findings) {
    rules.push_back({finding.rule, finding.rule, finding.title, finding.reason});
    results.push_back(result_of(finding));
  }
  return sarif_log("cordon-triage", tool_version, rules, results);
}

std::string triage_junit(const Triage& triage) {
  std::size_t failures = 0;
  std::string cases;
  for (const auto& finding : triage.findings) {
    failures += fails(finding);
    cases += test_case(finding, fails(finding));
  }
  for (const auto& finding : triage.accepted) cases += test_case(finding, false);
  const auto total = triage.findings.size() + triage.accepted.size();
  const auto sums =
      fmt::format("tests=\"{}\" failures=\"{}\" skipped=\"{}\" errors=\"0\"", total, failures, triage.accepted.size());
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite name=\"cordon-triage\" {0}>\n{1}  "
      "</testsuite>\n</testsuites>\n",
      sums, cases);
}

std::string triage_markdown(const Triage& triage) {
  constexpr std::size_t kShown = 50;
  std::string out =
      fmt::format("### {} in {}\n\n", counted(triage.denials, "denial"), counted(triage.findings.size(), "finding"));
  if (!triage.findings.empty()) out += "| id | severity | count | what | best fix |\n|---|---|---:|---|---|\n";
  std::string details;
  for (std::size_t i = 0; i < triage.findings.size() && i < kShown; ++i) {
    out += markdown_row(triage.findings[i]);
    details += markdown_details(triage.findings[i]);
  }
  if (triage.findings.size() > kShown) out += fmt::format("\n… and {} more.\n", triage.findings.size() - kShown);
  if (!triage.accepted.empty())
    out += fmt::format("\n{} accepted by the baseline.\n", counted(triage.accepted.size(), "finding"));
  if (triage.undecoded != 0) out += fmt::format("\n{} could not be understood.\n", counted(triage.undecoded, "denial"));
  return out + "\n" + details;
}

std::string triage_prometheus(const Triage& triage) {
  std::string out = metric_head("cordon_finding_denials", "Denials of a finding in the logs that were read.", "gauge");
  std::string last = metric_head("cordon_finding_last_seconds", "When a finding was last seen.", "gauge");
  for (const auto& finding : triage.findings) {
    const auto labels = fmt::format("{{id={},rule={},severity={}}}", prometheus_label(finding.id),
                                    prometheus_label(finding.rule), prometheus_label(to_text(finding.severity)));
    out += fmt::format("cordon_finding_denials{} {}\n", labels, finding.count);
    last +=
        fmt::format("cordon_finding_last_seconds{} {}.{:03}\n", labels, finding.last_ms / 1000, finding.last_ms % 1000);
  }
  out += last;
  const std::pair<std::string_view, std::uint64_t> totals[] = {{"denials", triage.denials},
                                                               {"findings", triage.findings.size()},
                                                               {"accepted", triage.accepted.size()},
                                                               {"undecoded", triage.undecoded},
                                                               {"filtered", triage.filtered}};
  for (const auto& [name, value] : totals)
    out += metric_head(fmt::format("cordon_triage_{}", name), fmt::format("Triage's {}.", name), "gauge") +
           fmt::format("cordon_triage_{} {}\n", name, value);
  return out;
}

}  // namespace cordon::report
