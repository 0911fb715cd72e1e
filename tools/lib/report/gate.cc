#include "report/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "facts/describe.h"
#include "facts/names.h"
#include "report/escape.h"
#include "report/sarif.h"
#include "triage/match.h"

namespace cordon::report {
namespace {

constexpr std::array kKindNames =
    std::to_array<std::string_view>({"needs more", "undecided", "unused", "guarded", "incomplete"});
constexpr std::string_view kKindTitles[] = {
    "The build needs more than the profile allows", "The profile's decision could not be told",
    "The profile allows what no run needs any more", "A guarded grant appears", "A recording is incomplete"};

struct Place {
  std::string file;
  std::size_t line = 0;
};

/// "file:12: text" or "file:12" at the head of what a decider says that it decided by.
Place place_of(const std::string& by, const std::string& otherwise) {
  for (auto colon = by.find(':'); colon != std::string::npos; colon = by.find(':', colon + 1)) {
    const auto end = by.find_first_not_of("0123456789", colon + 1);
    const auto line = parse_number<std::size_t>(
        std::string_view(by).substr(colon + 1, end == std::string::npos ? end : end - colon - 1));
    if (line) return {by.substr(0, colon), *line};
  }
  return {otherwise, 0};
}

struct ProfileLine {
  std::size_t line = 0;
  std::string text;
};

/// Gathers, object by object, the names of a seccomp profile's rules that allow, with the lines that they stand in.
class SeccompLines {
 public:
  explicit SeccompLines(const std::string& text) : text_(text) {}

  std::vector<ProfileLine> read() {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\n') ++line_;
      if (c == '{') open_.emplace_back();
      if (c == '}') close();
      if (c == ']') in_names_ = false;
      if (c != '"') continue;
      const auto end = text_.find('"', i + 1);
      if (end == std::string::npos) break;
      const auto next = text_.find_first_not_of(" \t\r\n", end + 1);
      word(text_.substr(i + 1, end - i - 1), next != std::string::npos && text_[next] == ':');
      i = end;
    }
    return std::move(out_);
  }

 private:
  struct Object {
    std::vector<ProfileLine> names;
    std::string action;
  };
  void word(std::string text, bool is_key) {
    if (open_.empty()) return;
    if (is_key) {
      in_names_ = text == "names";
      after_action_ = text == "action";
    } else if (in_names_) {
      open_.back().names.push_back({line_, std::move(text)});
    } else if (after_action_) {
      open_.back().action = std::move(text);
      after_action_ = false;
    }
  }
  void close() {
    if (open_.empty()) return;
    auto& object = open_.back();
    if (object.action == "SCMP_ACT_ALLOW" || object.action == "SCMP_ACT_LOG")
      out_.insert(out_.end(), object.names.begin(), object.names.end());
    open_.pop_back();
  }
  const std::string& text_;
  std::vector<Object> open_;
  std::vector<ProfileLine> out_;
  std::size_t line_ = 1;
  bool in_names_ = false, after_action_ = false;
};

bool is_rule(std::string_view line) {
  if (line.starts_with("(allow ") && line.ends_with(")")) return true;
  return !line.empty() && !line.starts_with("#") && !line.starts_with(";") &&
         (line.ends_with(",") || line.ends_with(";")) && !line.starts_with("include") && !line.starts_with("abi ") &&
         !line.starts_with("type ") && !line.starts_with("class ");
}

std::vector<ProfileLine> rule_lines(const GateProfile& profile, const std::string& text) {
  if (profile.backend == "seccomp") return SeccompLines(text).read();
  std::vector<ProfileLine> out;
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    const auto bare = trim(line.substr(0, line.find(" #")));
    if (is_rule(bare)) out.push_back({number, std::string(bare)});
  }
  return out;
}

/// What denies where no rule speaks: a filter's default action, or the head of the profile that the rule would stand
/// in.
std::size_t default_line(const GateProfile& profile) {
  std::size_t number = 0;
  for (const auto line : split(profile.committed, '\n')) {
    ++number;
    if (profile.backend == "seccomp" && line.find("\"defaultAction\"") != line.npos) return number;
    if (profile.backend == "apparmor" && trim(line).ends_with("{") && !trim(line).starts_with("#")) return number;
  }
  return 0;
}

void judge_facts(const GateProfile& profile, const Trace& trace, GateResult& result) {
  if (profile.decider == nullptr) return;
  profile.decider->prepare(trace.facts);
  const auto fallback = default_line(profile);
  for (const auto& fact : trace.facts) {
    const auto decision = profile.decider->decide(fact);
    if (decision.ruling != Ruling::kDenied && decision.ruling != Ruling::kCannotTell) continue;
    auto place = place_of(decision.by, profile.path);
    if (place.line == 0 && place.file == profile.path) place.line = fallback;
    const auto kind = decision.ruling == Ruling::kDenied ? GateIssueKind::kNeedsMore : GateIssueKind::kUndecided;
    result.issues.push_back({kind, profile.backend, place.file, place.line, describe(fact.operation), decision.why});
  }
}

void judge_unused(const GateProfile& profile, std::uint32_t runs, GateResult& result) {
  if (profile.fresh.empty()) return;
  std::set<std::string> needed;
  for (auto& row : rule_lines(profile, profile.fresh)) needed.insert(std::move(row.text));
  for (const auto& row : rule_lines(profile, profile.committed))
    if (!needed.contains(row.text))
      result.issues.push_back({GateIssueKind::kUnused, profile.backend, profile.path, row.line, row.text,
                               fmt::format("none of {} needs it", counted(runs, "run"))});
}

bool is_guarded(const std::string& guard, const std::string& text) {
  return triage::glob_matches(guard, text) || triage::glob_matches(guard + " *", text) ||
         triage::glob_matches(guard + "(*", text);
}

bool is_lifted(const GateConfig& config, const std::string& guard) {
  return std::any_of(config.allowances.begin(), config.allowances.end(),
                     [&](const auto& one) { return one.guard == guard; });
}

/// The capabilities that a CIL or te line gives: "allow a_t self:capability { chown sys_admin };".
std::vector<std::string> capabilities_of(std::string_view line) {
  std::vector<std::string> out;
  const auto at = line.find("capability");
  if (at == line.npos) return out;
  for (auto words = line.substr(at); !words.empty();) {
    const auto begin = words.find_first_not_of(" \t{}();:,");
    if (begin == words.npos) break;
    const auto end = std::min(words.find_first_of(" \t{}();:,", begin), words.size());
    out.push_back("capability " + std::string(words.substr(begin, end - begin)));
    words.remove_prefix(end);
  }
  return out;
}

/// "/etc/x rwk" in the words of a file operation: "file read,write,lock /etc/x".
std::string file_grant(std::string_view line) {
  constexpr std::pair<char, std::string_view> kLetters[] = {
      {'r', "read"}, {'w', "write"}, {'a', "append"}, {'m', "map"}, {'k', "lock"}, {'l', "link"}, {'x', "exec"}};
  const auto blank = line.find_last_of(" \t");
  if (blank == line.npos) return "file " + std::string(line);
  std::string words;
  for (const auto& [letter, word] : kLetters)
    if (line.find(letter, blank) != line.npos) words += (words.empty() ? "" : ",") + std::string(word);
  auto path = trim(line.substr(0, blank));
  if (path.size() > 1 && path.starts_with("\"") && path.ends_with("\"")) path = path.substr(1, path.size() - 2);
  return "file " + words + " " + std::string(path);
}

/// A line's grants in the words of the guards: "syscall bpf", "capability sys_admin", "mount …", "file /etc/x rw".
std::vector<std::string> grants_of(const GateProfile& profile, std::string_view line) {
  if (profile.backend == "seccomp") return {"syscall " + std::string(line)};
  if (profile.backend == "selinux") return capabilities_of(line);
  while (line.ends_with(",") || line.ends_with(";")) line.remove_suffix(1);
  if (line.starts_with("deny ")) return {};
  for (const auto word : {"audit ", "allow ", "owner "})
    if (line.starts_with(word)) line.remove_prefix(std::string_view(word).size());
  if (line.starts_with("capability")) return capabilities_of(line);
  if (line.starts_with("/") || line.starts_with("\"/") || line.starts_with("@{")) return {file_grant(line)};
  return {std::string(line)};
}

void judge_guarded_lines(const GateConfig& config, const GateProfile& profile, GateResult& result) {
  for (const auto& row : rule_lines(profile, profile.committed))
    for (const auto& grant : grants_of(profile, row.text))
      for (const auto& guard : config.guards)
        if (!is_lifted(config, guard) && is_guarded(guard, grant))
          result.issues.push_back({GateIssueKind::kGuarded, profile.backend, profile.path, row.line, grant,
                                   "the guard `" + guard + "` stands against it"});
}

/// What a run did, whether or not the profile allows it.
void judge_guards(const GateConfig& config, const Trace& trace, GateResult& result) {
  for (const auto& guard : config.guards) {
    if (is_lifted(config, guard)) continue;
    for (const auto& fact : trace.facts) {
      const auto words = describe(fact.operation);
      const auto text =
          words.starts_with(kind_of(fact.operation)) ? words : std::string(kind_of(fact.operation)) + " " + words;
      if (!is_guarded(guard, text)) continue;
      result.issues.push_back(
          {GateIssueKind::kGuarded, "", "", 0, text, "the guard `" + guard + "` stands against it"});
    }
  }
}

std::uint32_t complete_runs(const Trace& trace) {
  return static_cast<std::uint32_t>(
      std::count_if(trace.runs.begin(), trace.runs.end(), [](const Run& run) { return run.complete(); }));
}

void judge_runs(const GateConfig& config, const Trace& trace, GateResult& result) {
  if (config.allow_incomplete) return;
  if (trace.runs.empty())
    result.issues.push_back({GateIssueKind::kIncomplete, "", "", 0, "no run", "the traces hold no recording"});
  for (const auto& run : trace.runs) {
    if (run.complete()) continue;
    const auto why = !run.end ? std::string("it has no end") : fmt::format("{} lost", counted(run.end->lost, "event"));
    result.issues.push_back({GateIssueKind::kIncomplete, "", "", 0, "run " + run.head.run, why});
  }
}

std::string issue_line(const GateIssue& issue) {
  std::string out = utf8(issue.file);
  if (issue.line != 0) out += ":" + std::to_string(issue.line);
  if (!out.empty()) out += ": ";
  return out + std::string(to_text(issue.kind)) + ": " + utf8(issue.what) +
         (issue.why.empty() ? "" : " (" + utf8(issue.why) + ")");
}

}  // namespace

std::string_view to_text(GateIssueKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

const std::vector<std::string>& default_guards() {
  static const std::vector<std::string> kGuards = {"capability sys_admin",
                                                   "capability sys_module",
                                                   "capability sys_ptrace",
                                                   "capability sys_rawio",
                                                   "capability dac_read_search",
                                                   "capability bpf",
                                                   "capability perfmon",
                                                   "capability sys_boot",
                                                   "syscall bpf",
                                                   "syscall init_module",
                                                   "syscall finit_module",
                                                   "syscall kexec_load",
                                                   "syscall kexec_file_load",
                                                   "syscall open_by_handle_at",
                                                   "syscall userfaultfd",
                                                   "file */docker.sock",
                                                   "file */containerd.sock",
                                                   "unix */docker.sock*",
                                                   "mount"};
  return kGuards;
}

GateResult run_gate(const GateConfig& config, const std::vector<GateProfile>& profiles, const Trace& trace) {
  GateResult result;
  judge_runs(config, trace, result);
  const auto runs = complete_runs(trace);
  const bool judge = config.unused_runs != 0 && runs >= config.unused_runs;
  if (config.unused_runs != 0 && !judge)
    result.notes.push_back(fmt::format("unused rules were not judged: {} of the {} that the gate asks for",
                                       counted(runs, "complete run"), config.unused_runs));
  for (const auto& profile : profiles) {
    judge_facts(profile, trace, result);
    if (judge) judge_unused(profile, runs, result);
    judge_guarded_lines(config, profile, result);
  }
  judge_guards(config, trace, result);
  const auto order = [](const GateIssue& issue) {
    return std::tie(issue.kind, issue.file, issue.line, issue.what, issue.backend, issue.why);
  };
  std::sort(result.issues.begin(), result.issues.end(),
            [&](const auto& a, const auto& b) { return order(a) < order(b); });
  result.issues.erase(std::unique(result.issues.begin(), result.issues.end(),
                                  [&](const auto& a, const auto& b) { return order(a) == order(b); }),
                      result.issues.end());
  return result;
}

std::string gate_text(const GateResult& result) {
  std::string out;
  for (const auto& issue : result.issues) out += issue_line(issue) + "\n";
  for (const auto& note : result.notes) out += "note: " + utf8(note) + "\n";
  return out + (result.passed() ? "The gate is open: the profiles fit the build.\n"
                                : "The gate is shut: " + counted(result.issues.size(), "issue") + ".\n");
}

std::string gate_markdown(const GateResult& result) {
  std::string out =
      result.passed() ? "### The profiles fit the build\n\n" : "### The profiles do not fit the build\n\n";
  for (std::size_t kind = 0; kind < kKindNames.size(); ++kind) {
    std::string rows;
    for (const auto& issue : result.issues) {
      if (static_cast<std::size_t>(issue.kind) != kind) continue;
      const auto place = issue.line == 0 ? issue.file : fmt::format("{}:{}", issue.file, issue.line);
      const char* sign = issue.kind == GateIssueKind::kUnused ? "−" : "+";
      rows += fmt::format("| {} | {} | {} | {} |\n", sign, place.empty() ? "" : markdown_code(place),
                          markdown_code(issue.what), markdown(issue.why));
    }
    if (!rows.empty())
      out += fmt::format("#### {}\n\n| | where | what | why |\n|---|---|---|---|\n{}\n", kKindTitles[kind], rows);
  }
  for (const auto& note : result.notes) out += markdown(note) + "\n\n";
  return out;
}

std::string gate_sarif(const GateResult& result) {
  std::vector<SarifRule> rules;
  for (std::size_t kind = 0; kind < kKindNames.size(); ++kind) {
    std::string id(kKindNames[kind]);
    std::replace(id.begin(), id.end(), ' ', '-');
    rules.push_back({id, id, std::string(kKindTitles[kind]), ""});
  }
  std::vector<SarifResult> results;
  for (const auto& issue : result.issues)
    results.push_back({rules[static_cast<std::size_t>(issue.kind)].id,
                       issue.kind == GateIssueKind::kUnused ? "warning" : "error",
                       issue.what + ": " + issue.why,
                       issue.file,
                       issue.line,
                       std::string(to_text(issue.kind)) + "/" + issue.backend + "/" + issue.what,
                       {}});
  return sarif_log("cordon-check", CORDON_VERSION, rules, results);
}

}  // namespace cordon::report
