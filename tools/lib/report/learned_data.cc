#include "report/learned_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "facts/describe.h"
#include "facts/names.h"
#include "kernel/syscalls.h"
#include "report/escape.h"
#include "seccomp/data.h"

namespace cordon::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAlphabets[] = {"digits",    "hex",  "HEX",  "hex", "a-z0-9_",
                                           "a-zA-Z0-9", "word", "name", "any"};
constexpr std::string_view kBases[] = {"observed", "generalised", "baseline", "pinned"};
constexpr std::string_view kRulings[] = {"allowed", "denied", "cannot tell", "not applicable"};

/// Without permissions a file was only looked up.
std::string words_of(const FilePerms& perms) { return perms.empty() ? "lookup" : describe(perms); }

LearnedRow row_of(const Operation& operation, const PathPattern* pattern) {
  LearnedRow row;
  row.kind = kind_of(operation);
  if (const auto* file = std::get_if<FileOp>(&operation)) {
    row.path = pattern != nullptr ? pattern_text(*pattern) : file->path;
    row.what = words_of(file->perms);
  } else if (const auto* exec = std::get_if<ExecOp>(&operation)) {
    row.path = pattern != nullptr ? pattern_text(*pattern) : exec->path;
    row.what = "exec";
  } else {
    row.what = describe(operation);
  }
  return row;
}

/// A trace's facts by id, to look evidence up.
class EvidenceIndex {
 public:
  explicit EvidenceIndex(const Trace* trace) {
    if (trace == nullptr) return;
    for (const auto& fact : trace->facts) facts_.emplace(fact_id(fact), &fact);
  }
  /// Adds who did it and how often.
  void tell(const std::vector<FactId>& ids, LearnedRow& row) const {
    for (const auto& id : ids) {
      const auto at = facts_.find(id);
      if (at != facts_.end()) add(*at->second, row);
    }
  }
  static void add(const Fact& fact, LearnedRow& row) {
    const auto& subject = fact.subject;
    const auto name = subject.exe.empty() ? subject.comm : subject.exe.substr(subject.exe.rfind('/') + 1);
    if (!name.empty()) row.programs.insert(name);
    row.times += fact.tally.count;
  }

 private:
  std::unordered_map<FactId, const Fact*> facts_;
};

LearnedRow row_of(const Rule& rule) {
  auto row = row_of(rule.grant().operation, rule.grant().pattern ? &*rule.grant().pattern : nullptr);
  row.basis = kBases[static_cast<std::size_t>(rule.basis().kind)];
  row.evidence = rule.evidence().size();
  if (rule.basis().kind != BasisKind::kObserved)
    row.why = rule.basis().by + (rule.basis().reason.empty() ? "" : ": " + rule.basis().reason);
  return row;
}

/// Rules for one path with one basis are one row with all their permissions; so are those of several programs.
class RowMerger {
 public:
  void add(LearnedRow row, const Operation& operation) {
    const auto* file = std::get_if<FileOp>(&operation);
    const auto what = file == nullptr ? row.kind + " " + row.what : std::string();
    const auto [at, fresh] = index_.emplace(std::tuple(row.path, what, row.basis, row.why), rows_.size());
    perms_.resize(std::max(perms_.size(), at->second + 1));
    if (file != nullptr) perms_[at->second] |= file->perms;
    if (fresh) return rows_.push_back(std::move(row));
    auto& known = rows_[at->second];
    if (file != nullptr) known.what = words_of(perms_[at->second]);
    known.evidence += row.evidence;
    known.times += row.times;
    known.programs.merge(row.programs);
  }
  std::vector<LearnedRow> take() { return std::move(rows_); }

 private:
  std::vector<LearnedRow> rows_;
  std::vector<FilePerms> perms_;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::size_t> index_;
};

std::string arguments_text(const SyscallOp& op) {
  std::string out;
  for (const auto& arg : op.args) out += fmt::format("{}{}={:#x}", out.empty() ? "" : " ", arg.index, arg.value);
  return out;
}

void gather_calls(const LearnedReport& report,
                  std::map<std::string, std::pair<std::uint64_t, std::set<std::string>>>& calls) {
  if (report.trace == nullptr) return;
  for (const auto& fact : report.trace->facts) {
    const auto* op = std::get_if<SyscallOp>(&fact.operation);
    if (op == nullptr) continue;
    auto& entry = calls[op->name.empty() ? "#" + std::to_string(op->number) : op->name];
    entry.first += fact.tally.count;
    if (!op->args.empty()) entry.second.insert(arguments_text(*op));
  }
}

/// Rules that a language says in the same inexact way are told once, with an example and their number.
Json inexact(const LearnedReport& report, const Emission& emission) {
  std::map<std::string, std::pair<std::string, std::size_t>> by_why;
  for (const auto& note : emission.notes) {
    const bool known = report.policy != nullptr && note.rule < report.policy->rules.size();
    auto& row = by_why[note.expression.why];
    if (row.second++ == 0 && known) row.first = describe(report.policy->rules[note.rule].grant().operation);
  }
  Json out = Json::array();
  for (const auto& [why, row] : by_why)
    out.push_back(utf8(row.first + (row.second > 1 ? fmt::format(" and {} more", row.second - 1) : "") + ": " + why));
  return out;
}

Json target_json(const LearnedReport& report, const LearnedTarget& target) {
  constexpr std::size_t kProblems = 1000;
  const auto counts = counts_of(target);
  Json out{{"backend", target.backend}, {"files", Json::array()}, {"summary", Json::array()},
           {"added", Json::array()},    {"notes", Json::array()}, {"inputs", Json::object()}};
  for (const auto& file : target.files) out["files"].push_back(utf8(file));
  if (target.emission != nullptr) {
    for (const auto& line : target.emission->summary) out["summary"].push_back(utf8(line));
    for (const auto& line : target.emission->added) out["added"].push_back(utf8(line));
    out["notes"] = inexact(report, *target.emission);
    for (const auto& [name, digest] : target.emission->inputs) out["inputs"][utf8(name)] = utf8(digest);
  }
  out["allowed"] = counts.allowed;
  out["denied"] = counts.denied;
  out["cannot_tell"] = counts.cannot_tell;
  out["not_applicable"] = counts.not_applicable;
  out["problems"] = Json::array();
  for (std::size_t i = 0; i < target.decisions.size() && report.trace != nullptr && i < report.trace->facts.size();
       ++i) {
    const auto& decision = target.decisions[i];
    if (decision.ruling != Ruling::kDenied && decision.ruling != Ruling::kCannotTell) continue;
    if (out["problems"].size() == kProblems) break;
    out["problems"].push_back({{"ruling", kRulings[static_cast<std::size_t>(decision.ruling)]},
                               {"what", utf8(describe(report.trace->facts[i].operation))},
                               {"why", utf8(decision.why)},
                               {"by", utf8(decision.by)}});
  }
  return out;
}

Json run_json(const Run& run) {
  std::string argv;
  for (const auto& word : run.head.argv) argv += (argv.empty() ? "" : " ") + word;
  return {{"run", run.head.run},
          {"label", utf8(run.head.label)},
          {"command", utf8(argv)},
          {"complete", run.complete()},
          {"lost", run.end ? run.end->lost : 0}};
}

Json processes_json(const Trace& trace) {
  constexpr std::size_t kMost = 2000;
  Json out = Json::array();
  for (std::size_t i = 0; i < trace.runs.size(); ++i)
    for (const auto& proc : trace.runs[i].procs) {
      if (out.size() == kMost) return out;
      std::string argv;
      for (const auto& word : proc.argv) argv += (argv.empty() ? "" : " ") + word;
      out.push_back({{"run", i},
                     {"pid", proc.pid},
                     {"parent", proc.parent},
                     {"exe", utf8(proc.exe)},
                     {"comm", utf8(proc.comm)},
                     {"argv", cut(utf8(argv), 300)}});
    }
  return out;
}

/// A default profile: how much it allows, and what of that is risky and was not needed here.
Json default_json(const LearnedReport& report, const SyscallDefaults& one, const std::vector<SyscallRow>& calls) {
  Json out{{"name", utf8(one.name)}, {"source", utf8(one.source)}, {"allows", 0}, {"spared", Json::array()}};
  std::size_t allows = 0;
  for (const auto& name : one.allowed) {
    if (!syscall_number(native_arch(), name)) continue;  // of another architecture
    ++allows;
    const bool needed = std::any_of(calls.begin(), calls.end(), [&](const auto& row) { return row.name == name; });
    if (!needed && report.risky_syscalls.contains(name)) out["spared"].push_back(name);
  }
  out["allows"] = allows;
  return out;
}

}  // namespace

std::string pattern_text(const PathPattern& pattern) {
  std::string out;
  for (const auto& part : pattern.parts) {
    if (!part.alphabet) {
      out += part.literal;
      continue;
    }
    out += "{" + std::string(kAlphabets[static_cast<std::size_t>(*part.alphabet)]);
    if (part.min == part.max)
      out += fmt::format(" {}", part.min);
    else
      out += part.max == 0 ? fmt::format(" {}+", part.min) : fmt::format(" {}-{}", part.min, part.max);
    out += "}";
  }
  return out;
}

LearnedReport with_tables(const LearnedReport& report) {
  auto out = report;
  const auto data = seccomp::load_data("");
  if (!data) return out;
  if (out.defaults.empty())
    for (const auto& reference : (*data)->references) {
      std::set<std::string> allowed;
      for (const auto& rule : reference.profile.rules)
        if (rule.action == seccomp::Action::kAllow) allowed.insert(rule.names.begin(), rule.names.end());
      out.defaults.push_back({reference.name, reference.source, {allowed.begin(), allowed.end()}});
    }
  if (out.risky_syscalls.empty())
    for (const auto& row : (*data)->risks)
      for (const auto& name : row.calls) out.risky_syscalls.emplace(name, row.severity + ": " + row.reason);
  return out;
}

std::vector<LearnedRow> rows_of(const LearnedReport& report) {
  RowMerger merger;
  if (report.policy != nullptr) {
    const EvidenceIndex index(report.trace);
    for (const auto& rule : report.policy->rules) {
      auto row = row_of(rule);
      index.tell(rule.evidence(), row);
      merger.add(std::move(row), rule.grant().operation);
    }
  } else if (report.trace != nullptr) {
    for (const auto& fact : report.trace->facts) {
      auto row = row_of(fact.operation, nullptr);
      row.basis = "observed";
      row.evidence = 1;
      EvidenceIndex::add(fact, row);
      merger.add(std::move(row), fact.operation);
    }
  }
  return merger.take();
}

std::vector<SyscallRow> syscalls_of(const LearnedReport& report) {
  std::map<std::string, std::pair<std::uint64_t, std::set<std::string>>> calls;
  gather_calls(report, calls);
  std::vector<SyscallRow> rows;
  for (const auto& [name, entry] : calls) {
    SyscallRow row;
    row.name = name;
    row.count = entry.first;
    row.arguments = entry.second.size() > 6 ? fmt::format("{} combinations", entry.second.size())
                                            : join({entry.second.begin(), entry.second.end()}, "; ");
    if (const auto risk = report.risky_syscalls.find(name); risk != report.risky_syscalls.end())
      row.risk = risk->second;
    for (const auto& defaults : report.defaults)
      row.in_default.push_back(std::binary_search(defaults.allowed.begin(), defaults.allowed.end(), name));
    rows.push_back(std::move(row));
  }
  return rows;
}

TargetCounts counts_of(const LearnedTarget& target) {
  TargetCounts counts;
  std::size_t* const by_ruling[] = {&counts.allowed, &counts.denied, &counts.cannot_tell, &counts.not_applicable};
  for (const auto& decision : target.decisions) ++*by_ruling[static_cast<std::size_t>(decision.ruling)];
  return counts;
}

std::vector<RunStep> new_facts_per_run(const Trace& trace) {
  std::vector<const Run*> runs;
  for (const auto& run : trace.runs) runs.push_back(&run);
  std::stable_sort(runs.begin(), runs.end(),
                   [](const Run* a, const Run* b) { return a->head.started_ms < b->head.started_ms; });
  std::set<std::size_t> known;
  std::vector<RunStep> steps;
  for (const auto* run : runs) {
    const auto before = known.size();
    for (const auto& [fact, tally] : run->tallies) known.insert(fact);
    const auto label = run->head.label.empty() ? run->head.run.substr(0, 8) : run->head.label;
    steps.push_back({label, known.size() - before, known.size()});
  }
  return steps;
}

Json json_of(const LearnedReport& report) {
  const auto rows = rows_of(report);
  Json out{
      {"format", "cordon-learned-report"}, {"version", 1}, {"title", utf8(report.title)}, {"tool", utf8(report.tool)}};
  out["complete"] = report.trace == nullptr || report.trace->complete();
  out["counts"] = {{"facts", report.trace == nullptr ? 0 : report.trace->facts.size()}, {"rules", rows.size()}};
  out["notes"] = Json::array();
  for (const auto& note : report.notes) out["notes"].push_back(utf8(note));
  if (report.policy != nullptr)
    for (const auto& note : report.policy->notes) out["notes"].push_back(utf8(note));
  out["runs"] = Json::array();
  out["steps"] = Json::array();
  out["processes"] = Json::array();
  if (report.trace != nullptr) {
    for (const auto& run : report.trace->runs) out["runs"].push_back(run_json(run));
    for (const auto& step : new_facts_per_run(*report.trace))
      out["steps"].push_back({{"label", utf8(step.label)}, {"new", step.new_facts}, {"total", step.total}});
    out["processes"] = processes_json(*report.trace);
  }
  out["targets"] = Json::array();
  for (const auto& target : report.targets) out["targets"].push_back(target_json(report, target));
  out["defaults"] = Json::array();
  const auto calls = syscalls_of(report);
  for (const auto& one : report.defaults) out["defaults"].push_back(default_json(report, one, calls));
  out["syscalls"] = Json::array();
  for (const auto& call : calls) {
    Json row{{"name", utf8(call.name)},
             {"args", utf8(call.arguments)},
             {"count", call.count},
             {"risk", utf8(call.risk)},
             {"defaults", Json::array()}};
    for (const bool in : call.in_default) row["defaults"].push_back(in);
    out["syscalls"].push_back(std::move(row));
  }
  return out;
}

}  // namespace cordon::report
