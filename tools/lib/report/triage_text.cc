#include <fmt/format.h>

#include <algorithm>

#include "base/terminal.h"
#include "base/text.h"
#include "facts/describe.h"
#include "report/escape.h"
#include "report/triage_report.h"
#include "triage/baseline.h"
#include "triage/denial.h"
#include "triage/where.h"

namespace cordon::report {
namespace {

using triage::Finding;
using triage::Fix;
using triage::ProofStatus;
using triage::Severity;
using triage::Triage;

struct SeverityLook {
  std::string_view mark;
  Style style;
};
constexpr SeverityLook kLooks[] = {
    {"!!", Style::kRed}, {" !", Style::kYellow}, {" +", Style::kCyan}, {" .", Style::kDim}};

const SeverityLook& look_of(Severity severity) { return kLooks[static_cast<std::size_t>(severity)]; }

std::string number(std::uint64_t value) {
  const auto text = counted(value, "");
  return text.substr(0, text.find_last_of("0123456789") + 1);
}

/// A container's id as the engines shorten it.
std::string_view short_id(std::string_view name) {
  constexpr std::size_t kWhole = 64, kShort = 12;
  const bool id = name.size() == kWhole && name.find_first_not_of("0123456789abcdef") == name.npos;
  return id ? name.substr(0, kShort) : name;
}

/// The first names, the most frequent first, and how many more there are.
std::string some(const std::map<std::string, std::uint64_t>& names, std::size_t limit) {
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  for (const auto& [name, count] : names)
    if (!name.empty()) rows.emplace_back(count, name);
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::string out;
  for (std::size_t i = 0; i < rows.size() && i < limit; ++i)
    out += (i == 0 ? "" : ", ") + utf8(short_id(rows[i].second));
  if (rows.size() > limit) out += fmt::format(" and {} more", rows.size() - limit);
  return out;
}

/// Eight marks for eight equal stretches of the time seen.
std::string sparkline(const triage::Timeline& timeline) {
  constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::size_t kStretches = 8;
  const auto& buckets = timeline.buckets();
  if (buckets.size() < 2) return {};
  const auto start = buckets.front().first;
  const auto span = buckets.back().first - start + timeline.width_ms();
  std::uint64_t sums[kStretches] = {};
  for (const auto& [at, count] : buckets)
    sums[static_cast<std::size_t>((at - start) * static_cast<std::int64_t>(kStretches) / span)] += count;
  const auto most = *std::max_element(std::begin(sums), std::end(sums));
  std::string out;
  for (const auto sum : sums) out += sum == 0 ? " " : std::string(kBars[(sum * 7) / most]);
  return out;
}

std::string proof_words(const Fix& fix) {
  std::string words;
  const auto& proof = fix.proof;
  switch (proof.status) {
    case ProofStatus::kProven: words = fmt::format("proven: all {} go away", number(proof.of)); break;
    case ProofStatus::kPartial: words = fmt::format("{} of {} go away", number(proof.fixed), number(proof.of)); break;
    case ProofStatus::kRefuted: words = "tried: it does not help"; break;
    case ProofStatus::kRefused: words = "refused"; break;
    case ProofStatus::kUntried: return proof.how;
  }
  const bool helps = proof.status == ProofStatus::kProven || proof.status == ProofStatus::kPartial;
  if (fix.excess.known && helps)
    words += fix.excess.count == 0 ? "; opens nothing else"
                                   : fmt::format("; opens {} more {}", number(fix.excess.count), fix.excess.unit);
  return words;
}

Style proof_style(ProofStatus status) {
  if (status == ProofStatus::kProven) return Style::kGreen;
  return status == ProofStatus::kRefuted || status == ProofStatus::kRefused ? Style::kRed : Style::kDim;
}

std::string day_and_minute(std::int64_t ms) {
  auto text = triage::time_text(ms).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string when(std::int64_t first, std::int64_t last) {
  if (first == 0 && last == 0) return {};
  const auto from = day_and_minute(first), to = day_and_minute(last);
  if (from == to) return to + " UTC";
  const bool same_day = from.substr(0, 10) == to.substr(0, 10);
  return from + " – " + (same_day ? to.substr(11) : to) + " UTC";
}

/// Only what changes is worth the room.
std::string trend_word(const Finding& finding) {
  switch (finding.timeline.trend()) {
    case triage::Timeline::Trend::kRising: return "rising";
    case triage::Timeline::Trend::kFalling: return "falling";
    default: return {};
  }
}

/// A scope that holds one container says no more than that one's id.
std::map<std::string, std::uint64_t> units_beside_containers(const Finding& finding) {
  auto units = finding.units;
  std::erase_if(units, [](const auto& row) { return !triage::container_of_scope(row.first).empty(); });
  return units;
}

std::string where_line(const Finding& finding) {
  std::string out = join(finding.mechanisms, "+");
  const auto append = [&](const std::string& part) {
    if (!part.empty()) out += " · " + part;
  };
  append(some(finding.hosts, 2));
  append(some(units_beside_containers(finding), 2));
  append(some(finding.containers, 2));
  append(when(finding.first_ms, finding.last_ms));
  append(trend_word(finding));
  append(finding.blocked == 0 ? "logged only, nothing was blocked" : "");
  return out;
}

std::string headline(const Finding& finding, const TextOptions& options) {
  const auto& look = look_of(finding.severity);
  const auto head = fmt::format("{} {}  {:>6}×  ", look.mark, finding.id, number(finding.count));
  const std::size_t room = options.width > columns(head) + 20 ? options.width - columns(head) : 20;
  return styled(head, look.style, options.colour) + styled(cut(finding.summary, room), Style::kBold, options.colour) +
         "\n";
}

std::string best_fix(const Finding& finding, const TextOptions& options) {
  if (finding.fixes.empty()) return {};
  const auto& fix = finding.fixes.front();
  const std::size_t room = options.width > 30 ? options.width - 7 : 30;
  std::string out = "     → " + cut(fix.title, room) + "\n";
  if (!fix.commands.empty()) {
    const auto more = fix.commands.size() > 1 ? fmt::format("  (+{})", fix.commands.size() - 1) : std::string();
    const bool sets = fix.commands.front().starts_with("PROFILE=") && fix.commands.size() > 1;  // says nothing alone
    out += "       $ " + cut(utf8(fix.commands[sets ? 1 : 0]), room - 2 - more.size()) + more + "\n";
  }
  if (fix.kind != triage::FixKind::kInvestigate)
    out += "       " + styled(cut(proof_words(fix), room), proof_style(fix.proof.status), options.colour) + "\n";
  return out;
}

std::string head_of(const Triage& triage) {
  std::uint64_t blocked = 0;
  std::int64_t first = 0, last = 0;
  for (const auto& finding : triage.findings) {
    blocked += finding.blocked;
    if (finding.first_ms != 0 && (first == 0 || finding.first_ms < first)) first = finding.first_ms;
    last = std::max(last, finding.last_ms);
  }
  std::string out = counted(triage.denials, "denial") + " in " + counted(triage.findings.size(), "finding");
  out += fmt::format(", {} blocked", number(blocked));
  if (const auto span = when(first, last); !span.empty()) out += " · " + span;
  return out;
}

std::string tail_of(const Triage& triage, std::size_t shown, const TextOptions& options) {
  std::string out;
  if (triage.findings.size() > shown)
    out += fmt::format("… and {}: --top 0 shows all\n", counted(triage.findings.size() - shown, "more finding"));
  if (!triage.accepted.empty()) out += counted(triage.accepted.size(), "finding") + " accepted by the baseline\n";
  if (triage.filtered != 0) out += counted(triage.filtered, "denial") + " left out by the filters\n";
  if (triage.undecoded != 0) out += counted(triage.undecoded, "denial") + " could not be understood:\n";
  for (const auto& [why, count] : triage.problems) out += fmt::format("  {} × {}\n", number(count), utf8(why));
  if (triage.folded != 0)
    out += counted(triage.folded, "denial") + " counted without their details: too many different ones\n";
  for (const auto& note : triage.notes) out += wrapped(utf8(note), options.width, 0);
  if (!out.empty()) out.insert(0, "\n");
  if (shown == 0) return out;
  const auto hint = cut("--explain ID tells the whole story, --apply ID writes a fix's files.", options.width);
  return out + "\n" + styled(hint, Style::kDim, options.colour) + "\n";
}

std::string brief(const Finding& finding, const TextOptions& options) {
  auto line = where_line(finding);
  if (const auto spark = sparkline(finding.timeline); !spark.empty()) line = spark + " " + line;
  std::string out =
      headline(finding, options) + "     " + styled(cut(line, options.width - 5), Style::kDim, options.colour) + "\n";
  if (!finding.baseline_note.empty()) out += "     " + cut(utf8(finding.baseline_note), options.width - 5) + "\n";
  return out + best_fix(finding, options);
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string fix_story(const Fix& fix, std::size_t number_of, const TextOptions& options) {
  std::string out = fmt::format("  {}. {}\n", number_of, fix.title);
  out += "     " + styled(proof_words(fix), proof_style(fix.proof.status), options.colour) + "\n";
  if (fix.proof.status != ProofStatus::kUntried && !fix.proof.how.empty())
    out += wrapped(utf8(fix.proof.how), options.width, 5);
  const bool helps = fix.proof.status == ProofStatus::kProven || fix.proof.status == ProofStatus::kPartial;
  for (const auto& what : helps ? fix.excess.what : std::vector<std::string>())
    out += "       opens " + cut(utf8(what), options.width - 13) + "\n";
  for (const auto& command : fix.commands) out += "     $ " + utf8(command) + "\n";
  for (const auto& [name, text] : fix.files) out += "     " + name + ": written by --apply\n";
  if (!fix.undo.empty()) {
    out += "     to undo:\n";
    for (const auto& command : fix.undo) out += "     $ " + utf8(command) + "\n";
  }
  if (!fix.no_undo.empty()) out += wrapped("nothing to undo: " + utf8(fix.no_undo), options.width, 5);
  return out;
}

std::string section(std::string_view name, const TextOptions& options) {
  return "\n" + styled(name, Style::kBold, options.colour) + "\n";
}

std::string evidence(const Finding& finding, const TextOptions& options) {
  constexpr std::size_t kShown = 12;
  std::string out;
  std::size_t shown = 0;
  for (const auto& shape : finding.shapes) {
    if (shown++ == kShown) break;
    out += fmt::format("  {:>6}× {}\n", number(shape.count),
                       cut(utf8(describe(shape.merged.operation)), options.width - 10));
    const auto& origin = shape.samples.front().origin;
    out += "          " +
           cut(utf8(fmt::format("{}:{} event {}", origin.source, origin.line, origin.event)), options.width - 10) +
           "\n";
  }
  if (finding.shapes.size() > kShown) out += fmt::format("  … and {} more kinds\n", finding.shapes.size() - kShown);
  return out;
}

}  // namespace

std::string triage_text(const Triage& triage, const TextOptions& options) {
  std::string out = styled(cut(head_of(triage), options.width), Style::kBold, options.colour) + "\n";
  const std::size_t most = options.top == 0 ? triage.findings.size() : std::min(options.top, triage.findings.size());
  std::size_t shown = 0;
  for (; shown < most; ++shown) {
    const auto block = "\n" + brief(triage.findings[shown], options);
    const auto below = lines_of(tail_of(triage, shown + 1, options)) + 1;  // the prompt
    if (options.rows != 0 && shown != 0 && lines_of(out) + lines_of(block) + below > options.rows) break;
    out += block;
  }
  return out + tail_of(triage, shown, options);
}

std::string triage_line(const Finding& finding, const TextOptions& options) {
  const auto& look = look_of(finding.severity);
  const auto head = fmt::format("{} {} {} ", day_and_minute(finding.last_ms), look.mark, finding.id);
  const std::size_t room = options.width > columns(head) + 20 ? options.width - columns(head) : 20;
  return styled(head, look.style, options.colour) + cut(finding.summary, room) + "\n";
}

std::string triage_explanation(const Finding& finding, const TextOptions& options) {
  std::string out = headline(finding, options);
  out += wrapped(finding.summary, options.width, 2);
  out += wrapped(utf8(where_line(finding)), options.width, 2);
  out += section("Why: " + finding.title, options) + wrapped(finding.reason, options.width, 2);
  if (!finding.risk.empty()) out += wrapped("Risk: " + finding.risk, options.width, 2);
  out += wrapped("Source: " + finding.source, options.width, 2);
  for (const auto& title : finding.also) out += wrapped("It may also be: " + title, options.width, 2);
  if (!finding.baseline_note.empty()) out += wrapped(utf8(finding.baseline_note), options.width, 2);
  out += section("Evidence", options) + evidence(finding, options);
  if (const auto names = some(finding.programs, 8); !names.empty()) out += wrapped("by " + names, options.width, 2);
  if (const auto names = some(finding.paths, 8); !names.empty()) out += wrapped("on " + names, options.width, 2);
  if (!finding.reasons.empty()) out += section("What the policy says", options);
  for (const auto& row : finding.reasons)
    out += "  " + utf8(row.what) + "\n" + wrapped(utf8(row.reason), options.width, 5);
  out += section("Fixes, best first", options);
  for (std::size_t i = 0; i < finding.fixes.size(); ++i) out += fix_story(finding.fixes[i], i + 1, options);
  return out;
}

}  // namespace cordon::report
