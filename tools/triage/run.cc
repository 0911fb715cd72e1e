#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/terminal.h"
#include "base/text.h"
#include "flow/data_dir.h"
#include "options.h"
#include "provers.h"
#include "read.h"
#include "report/triage_report.h"

namespace cordon::triage_tool {
namespace {

using triage::Finding;
using triage::Triage;

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Result<triage::RuleSet> rules_of(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  auto directory = arguments.get("rules");
  if (directory.empty()) {
    auto data = flow::data_dir();
    if (!data) return data.error();
    directory = *data + "/profiles/triage";
  }
  return triage::load_rules(directory, diagnostics);
}

Result<triage::Baseline> baseline_of(const cli::Arguments& arguments) {
  if (!arguments.has("baseline")) return triage::Baseline{};
  const auto path = arguments.get("baseline");
  const auto text = read_file(path, std::size_t{64} << 20);
  if (!text) return text.error();
  return triage::read_baseline(*text, path);
}

/// The lines of the terminal; 0 elsewhere.
std::size_t terminal_rows() {
  winsize size{};
  return ::isatty(STDOUT_FILENO) != 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

report::TextOptions text_options(const cli::Arguments& arguments) {
  report::TextOptions options;
  const bool to_screen = !arguments.has("output") || arguments.get("output") == "-";
  options.colour = to_screen && wants_colour(STDOUT_FILENO);
  options.width = std::clamp<std::size_t>(terminal_width(STDOUT_FILENO), 60, 160);
  options.top = parse_number<std::size_t>(arguments.get("top")).value_or(10);
  if (to_screen && !arguments.has("top")) options.rows = terminal_rows();
  return options;
}

std::string rendered(const cli::Arguments& arguments, const Triage& triage) {
  const auto format = arguments.has("json") ? std::string("json") : arguments.get("format");
  if (format == "json") return report::triage_json(triage);
  if (format == "html") return report::triage_html(triage, "Denials");
  if (format == "sarif") return report::triage_sarif(triage, CORDON_VERSION);
  if (format == "junit") return report::triage_junit(triage);
  if (format == "markdown") return report::triage_markdown(triage);
  if (format == "prometheus") return report::triage_prometheus(triage);
  return report::triage_text(triage, text_options(arguments));
}

Result<void> print(const cli::Arguments& arguments, const std::string& text) {
  const auto path = arguments.has("output") ? arguments.get("output") : std::string("-");
  return path == "-" ? write_all(STDOUT_FILENO, text, "standard output") : write_file_atomically(path, text);
}

Result<const Finding*> finding_named(const Triage& triage, const std::string& id) {
  for (const auto* list : {&triage.findings, &triage.accepted})
    for (const auto& finding : *list)
      if (finding.id == id || finding.id == "F-" + id) return &finding;
  return Error{ErrorCode::kUsage, "no finding has the id " + printable(id), "",
               "the ids stand in the list of findings"};
}

/// Writes the fix's files and says what to run; running it is the user's.
Result<void> apply(const cli::Arguments& arguments, const Finding& finding) {
  const auto index = parse_number<std::size_t>(arguments.get("fix")).value_or(0);
  if (index == 0 || index > finding.fixes.size())
    return Error{ErrorCode::kUsage, fmt::format("the finding has {}", counted(finding.fixes.size(), "fix")), "--fix",
                 "--explain lists them"};
  const auto& fix = finding.fixes[index - 1];
  if (fix.proof.status == triage::ProofStatus::kRefused)
    return Error{ErrorCode::kRefused, "this fix is refused: " + fix.proof.how, finding.id, "--fix N takes another one"};
  const auto directory = arguments.has("output") ? arguments.get("output") : std::string(".");
  std::string out = "# " + fix.title + "\n";
  for (const auto& [name, text] : fix.files) {
    if (auto made = make_directories(directory); !made) return made.error();
    if (auto written = write_file_atomically(directory + "/" + name, text); !written) return written.error();
    out += "# wrote " + printable(directory + "/" + name) + "\n";
  }
  for (const auto& command : fix.commands) out += command + "\n";
  if (!fix.undo.empty()) out += "# to undo:\n";
  for (const auto& command : fix.undo) out += "#   " + command + "\n";
  if (!fix.no_undo.empty()) out += "# nothing to undo: " + printable(fix.no_undo) + "\n";
  if (fix.commands.empty() && fix.files.empty()) out += "# nothing to run: " + fix.proof.how + "\n";
  return write_all(STDOUT_FILENO, out, "standard output");
}

int write_baseline(const cli::Arguments& arguments, const Triage& triage) {
  if (trim(arguments.get("reason")).empty())
    return cli::fail(kTool, {ErrorCode::kUsage, "--write-baseline needs --reason", "", "say why these are accepted"});
  const auto text = triage::write_baseline(triage.findings, arguments.get("reason"), arguments.get("expires"));
  if (const auto checked = triage::read_baseline(text, "--expires"); !checked) return cli::fail(kTool, checked.error());
  const auto written = write_file_atomically(arguments.get("write-baseline"), text);
  return written ? static_cast<int>(cli::kFine) : cli::fail(kTool, written.error());
}

Result<void> answer(const cli::Arguments& arguments, const Triage& triage) {
  const bool one = arguments.has("explain") || arguments.has("apply");
  if (!one) return print(arguments, rendered(arguments, triage));
  const auto finding = finding_named(triage, arguments.get(arguments.has("apply") ? "apply" : "explain"));
  if (!finding) return finding.error();
  if (arguments.has("apply")) return apply(arguments, **finding);
  return print(arguments, report::triage_explanation(**finding, text_options(arguments)));
}

void count(Triage& triage, const ReadOutcome& read) {
  triage.counts = {{"lines", read.counts.lines},
                   {"lines_other", read.counts.other_lines},
                   {"records_used", read.counts.used},
                   {"records_not_wanted", read.counts.not_wanted},
                   {"records_malformed", read.counts.malformed}};
  if (read.counts.malformed != 0)
    triage.notes.push_back(counted(read.counts.malformed, "malformed line") + ", the first at " +
                           read.counts.first_malformed.front().source + ":" +
                           std::to_string(read.counts.first_malformed.front().line));
}

std::function<void()> follower(const cli::Arguments& arguments, triage::Engine& engine,
                               const triage::Baseline& baseline) {
  if (!arguments.has("follow")) return {};
  return [&engine, &baseline, options = text_options(arguments)] {
    if (!engine.last_was_new()) return;
    auto finding = engine.last_finding();
    if (baseline.judge(finding, now_ms())) return;
    const auto line = report::triage_line(finding, options);
    if (!write_all(STDOUT_FILENO, line, "standard output")) ::_exit(cli::kEnvironment);
  };
}

}  // namespace

int run(const cli::Arguments& arguments) {
  Diagnostics diagnostics;
  const auto now = now_ms();
  const auto filter = filter_of(arguments, now);
  if (!filter) return cli::fail(kTool, filter.error());
  const auto rules = rules_of(arguments, diagnostics);
  if (!rules) return cli::fail(kTool, rules.error());
  const auto baseline = baseline_of(arguments);
  if (!baseline) return cli::fail(kTool, baseline.error());
  std::vector<std::string> notes;
  auto provers = make_provers(arguments, notes, diagnostics);
  if (!provers) return cli::fail(kTool, provers.error());

  triage::Engine engine(*rules, *filter);
  Diagnostics reading;
  const auto read = read_logs(arguments, engine, reading, follower(arguments, engine, *baseline));
  for (const auto& row : reading.all()) diagnostics.add(row);
  if (arguments.has("follow")) {
    cli::show(kTool, diagnostics);
    return read.unreadable ? cli::kBadInput : cli::kFine;
  }
  std::vector<triage::Prover*> asked;
  for (const auto& prover : *provers) asked.push_back(prover.get());
  auto triage = engine.finish(asked, *baseline, now);
  if (triage.denials != 0)
    for (auto& note : notes) triage.notes.push_back(std::move(note));
  if (rules->refused != 0)
    triage.notes.push_back(counted(rules->refused, "triage rule") + " could not be read and is left out");
  count(triage, read);
  triage.diagnostics = diagnostics;
  cli::show(kTool, diagnostics);
  if (arguments.has("write-baseline")) return write_baseline(arguments, triage);
  if (const auto answered = answer(arguments, triage); !answered) return cli::fail(kTool, answered.error());
  if (read.unreadable) return cli::kBadInput;
  if (arguments.has("strict") && (read.counts.malformed != 0 || triage.undecoded != 0)) return cli::kBadInput;
  if (arguments.has("explain") || arguments.has("apply")) return cli::kFine;
  return triage.findings.empty() ? cli::kFine : cli::kFindings;
}

}  // namespace cordon::triage_tool
