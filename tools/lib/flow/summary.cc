#include "flow/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/terminal.h"
#include "base/text.h"
#include "facts/describe.h"
#include "facts/lists.h"

namespace cordon::flow {
namespace {

constexpr std::size_t kMaxName = 100;
constexpr std::size_t kNamesShown = 6;
constexpr std::size_t kAddedShown = 4;
constexpr std::size_t kReasonsShown = 3;
constexpr std::string_view kIndent = "            ";

std::string listed(const std::vector<std::string>& items, std::size_t most) {
  std::vector<std::string> shown(items.begin(),
                                 items.begin() + static_cast<std::ptrdiff_t>(std::min(most, items.size())));
  std::string text = join(shown, ", ");
  if (items.size() > most) text += fmt::format(", and {} more", items.size() - most);
  return text;
}

std::string line(std::string_view label, const std::string& text) { return fmt::format("  {:<10}{}\n", label, text); }

std::string files_seen(const Trace& trace) {
  std::set<std::string> all;
  std::set<std::string> written;
  std::set<std::string> missing;
  const FilePerms changing = FilePerm::kWrite | FilePerm::kAppend | FilePerm::kCreate | FilePerm::kUnlink |
                             FilePerm::kRenameFrom | FilePerm::kRenameTo | FilePerm::kLinkTo | FilePerm::kTruncate |
                             FilePerm::kSetattr | FilePerm::kSymlink;
  for (const Fact& fact : trace.facts) {
    const auto* op = std::get_if<FileOp>(&fact.operation);
    if (op == nullptr) continue;
    if (fact.verdict.outcome == Outcome::kFailed) {
      missing.insert(op->path);
      continue;
    }
    all.insert(op->path);
    if (op->perms.has_any(changing)) written.insert(op->path);
  }
  for (const std::string& path : all) missing.erase(path);
  return fmt::format("{}, {} changed; {} more looked for and not to be had", counted(all.size(), "path"),
                     written.size(), missing.size());
}

std::string syscalls_seen(const Trace& trace) {
  std::size_t with_arguments = 0;
  for (const Fact& fact : trace.facts)
    if (const auto* op = std::get_if<SyscallOp>(&fact.operation)) with_arguments += op->args.empty() ? 0 : 1;
  return fmt::format("{}, {} with arguments that a filter can test", counted(list_syscalls(trace).size(), "syscall"),
                     with_arguments);
}

/// The head of a remark: what stands before its first colon or bracket.
std::string head_of(const std::string& remark) {
  return std::string(trim(std::string_view(remark).substr(0, remark.find_first_of(":("))));
}

std::string added_text(const std::vector<std::string>& added) {
  if (added.empty()) return {};
  std::vector<std::string> heads;
  for (const std::string& remark : added) heads.push_back(head_of(remark));
  return fmt::format("{}granted without being seen, reasons in the report: {}\n", kIndent,
                     printable(listed(heads, kAddedShown)));
}

/// The rules that the language says otherwise than exactly, by the head of their remark, most first.
std::string notes_text(const std::vector<RuleNote>& notes, std::size_t rules) {
  std::map<std::string, std::size_t> by_head;
  for (const RuleNote& note : notes) ++by_head[head_of(note.expression.why)];
  std::vector<std::pair<std::size_t, std::string>> rows;
  for (const auto& [head, count] : by_head) rows.emplace_back(count, head);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (std::size_t i = 0; i < rows.size() && i < kReasonsShown; ++i)
    text += fmt::format("{}{} of {} rules not said exactly: {}\n", kIndent, rows[i].first, rules,
                        printable(rows[i].second));
  if (rows.size() > kReasonsShown)
    text += fmt::format("{}and {} in the report\n", kIndent, counted(rows.size() - kReasonsShown, "more such remark"));
  return text;
}

Style style_of(const Proof& proof) {
  if (proof.denied != 0) return Style::kRed;
  return proof.cannot_tell != 0 ? Style::kYellow : Style::kGreen;
}

/// Facts with the same remark are told once, with their number.
std::string remarks_text(const Proof& proof, const Trace& trace) {
  std::map<std::string, std::pair<std::string, std::size_t>> by_remark;
  for (std::size_t i = 0; i < proof.decisions.size(); ++i) {
    if (proof.decisions[i].remark.empty()) continue;
    auto& entry = by_remark[proof.decisions[i].remark];
    if (entry.second++ == 0) entry.first = describe(trace.facts[i].operation);
  }
  std::string text;
  for (const auto& [remark, entry] : by_remark)
    text += fmt::format("{}  remark: {}{} — {}\n", kIndent, entry.first,
                        entry.second > 1 ? fmt::format(" and {} more", entry.second - 1) : "", printable(remark));
  return text;
}

}  // namespace

Result<void> check_name(const std::string& name) {
  const auto refuse = [&](std::string why) {
    return Error{
        ErrorCode::kUsage, "the name '" + printable(name) + "' " + std::move(why), {}, "choose another with -n"};
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > kMaxName) return refuse("is longer than " + std::to_string(kMaxName) + " bytes");
  if (name == "." || name == "..") return refuse("is a directory");
  if (name[0] == '-') return refuse("begins with '-'");
  if (!is_utf8(name)) return refuse("is not UTF-8");
  for (const char c : name)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return refuse("holds a '/' or a control character");
  return {};
}

std::string seen_text(const Trace& trace) {
  std::string text = line("programs", listed(list_exec(trace), kNamesShown));
  text += line("syscalls", syscalls_seen(trace));
  text += line("files", files_seen(trace));
  const auto net = list_net(trace);
  text += line("network", net.empty() ? "none" : listed(net, 4));
  const auto caps = list_caps(trace);
  return text + line("caps", caps.empty() ? "none needed" : listed(caps, kNamesShown) + " (inferred)");
}

std::string synthesis_text(const Synthesis& synthesis, const Policy& policy, bool colour) {
  std::string text =
      fmt::format("  {}{}\n", styled(fmt::format("{:<10}", synthesis.backend->name()), Style::kBold, colour),
                  printable(join(synthesis.files, " ")));
  for (const std::string& summary : synthesis.emission.summary)
    text += fmt::format("{}{}\n", kIndent, printable(summary));
  text += added_text(synthesis.emission.added);
  text += notes_text(synthesis.emission.notes, policy.rules.size());
  return text;
}

std::string proof_text(const std::string& label, const Proof& proof, const Trace& trace, std::size_t most,
                       bool colour) {
  const std::string verdict = proof.denied != 0 ? "FAIL" : proof.cannot_tell != 0 ? "UNDECIDED" : "ok";
  std::string text = fmt::format("{}{}: {} — {} allowed + {} denied + {} cannot tell + {} not governed = {} facts\n",
                                 kIndent, label, styled(verdict, style_of(proof), colour), proof.allowed, proof.denied,
                                 proof.cannot_tell, proof.not_applicable, proof.decisions.size());
  std::size_t shown = 0;
  for (std::size_t i = 0; i < proof.decisions.size(); ++i) {
    const Decision& decision = proof.decisions[i];
    if (decision.ruling != Ruling::kDenied && decision.ruling != Ruling::kCannotTell) continue;
    if (++shown > most) continue;
    text += fmt::format("{}  {}: {} — {}{}\n", kIndent, decision.ruling == Ruling::kDenied ? "denied" : "cannot tell",
                        describe(trace.facts[i].operation), decision.by.empty() ? "" : printable(decision.by) + ": ",
                        printable(decision.why));
  }
  if (shown > most) text += fmt::format("{}  and {} more\n", kIndent, shown - most);
  return text + remarks_text(proof, trace);
}

}  // namespace cordon::flow
