#include "apparmor/children.h"

#include <algorithm>
#include <map>
#include <set>

#include "apparmor/text.h"
#include "apparmor/translate.h"

namespace cordon::apparmor {
namespace {

/// What ran when `path` was executed: a script runs as its interpreter.
struct ExecGraph {
  std::map<std::string, std::set<std::string>> starts;  ///< running program → files that it executed
  std::map<std::string, std::string> runs_as;           ///< executed file → the program that ran
};

ExecGraph graph_of(const Policy& policy) {
  ExecGraph graph;
  for (const Rule& rule : policy.rules) {
    const auto* exec = std::get_if<ExecOp>(&rule.grant().operation);
    if (exec == nullptr) continue;
    graph.starts[rule.grant().subject.exe].insert(exec->path);
    graph.runs_as[exec->path] = exec->interpreter.empty() ? exec->path : exec->interpreter;
  }
  return graph;
}

/// The programs that run when `file` is executed and all that they start, short of the main program.
std::set<std::string> closure(const ExecGraph& graph, const std::string& file, const std::string& main) {
  std::set<std::string> programs;
  std::vector<std::string> pending{file};
  while (!pending.empty()) {
    const auto found = graph.runs_as.find(pending.back());
    const std::string program = found == graph.runs_as.end() ? pending.back() : found->second;
    pending.pop_back();
    if (program == main || !programs.insert(program).second) continue;
    if (const auto next = graph.starts.find(program); next != graph.starts.end())
      pending.insert(pending.end(), next->second.begin(), next->second.end());
  }
  return programs;
}

/// The rules of these programs that could do harm, as text.
std::set<std::string> risky(const Policy& policy, const std::set<std::string>& programs) {
  std::set<std::string> out;
  for (const Rule& rule : policy.rules) {
    if (programs.count(rule.grant().subject.exe) == 0) continue;
    for (const ProfileRule& said : translate(rule.grant().operation, TranslateContext{}).rules) {
      const bool file = said.klass == RuleClass::kFile;
      if (!file || (said.letters & (kW | kA)) != 0) out.insert(to_text(said));
    }
  }
  return out;
}

bool differ_much(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const std::size_t all = a.size() + b.size() - both.size();
  return all != 0 && both.size() * 2 < all;
}

Part part_of(const Policy& policy, const std::set<std::string>& programs, bool inside) {
  Part part;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    if ((programs.count(rule.grant().subject.exe) != 0) != inside) continue;
    part.rules.push_back(&rule);
    part.indexes.push_back(i);
  }
  return part;
}

/// The main program as a running one: the interpreter, if it is a script.
std::string main_program(const Policy& policy, const ExecGraph& graph) {
  const auto found = graph.runs_as.find(policy.program);
  return found == graph.runs_as.end() ? policy.program : found->second;
}

std::vector<std::pair<std::string, std::set<std::string>>> chosen_children(const Policy& policy, ExecMode mode) {
  std::vector<std::pair<std::string, std::set<std::string>>> chosen;
  if (mode == ExecMode::kInherit) return chosen;
  const ExecGraph graph = graph_of(policy);
  const std::string main = main_program(policy, graph);
  const std::set<std::string> main_risk = risky(policy, {main});
  const auto started = graph.starts.find(main);
  if (started == graph.starts.end()) return chosen;
  for (const std::string& file : started->second) {
    std::set<std::string> programs = closure(graph, file, main);
    if (programs.empty()) continue;
    if (mode == ExecMode::kAuto && !differ_much(main_risk, risky(policy, programs))) continue;
    chosen.emplace_back(file, std::move(programs));
  }
  return chosen;
}

/// Signals of the parent and of the child to each other, and being stopped by the parent.
Section family_section(const std::string& peer) {
  ProfileRule rule;
  rule.klass = RuleClass::kSignal;
  rule.words = {"send", "receive"};
  rule.peer["label"] = escape_name(peer);
  return {"Baseline (parent and child):", {"programs of one run signal each other"}, {rule}, {}};
}

}  // namespace

std::vector<Part> split_by_program(const Policy& policy, ExecMode mode) {
  const auto children = chosen_children(policy, mode);
  std::set<std::string> elsewhere;
  for (const auto& [file, programs] : children) elsewhere.insert(programs.begin(), programs.end());
  std::vector<Part> parts{part_of(policy, elsewhere, false)};
  parts[0].name = parts[0].full_name = policy.name;
  parts[0].attachment = policy.program;
  for (const auto& [file, programs] : children) {
    Part part = part_of(policy, programs, true);
    part.name = part.attachment = file;
    part.full_name = policy.name + "//" + file;
    part.extra.push_back(family_section(policy.name));
    parts[0].extra.push_back(family_section(part.full_name));
    parts.push_back(std::move(part));
  }
  return parts;
}

void apply_transitions(ProfileText& main, const std::vector<Part>& parts) {
  std::set<std::string> children;
  for (std::size_t i = 1; i < parts.size(); ++i) children.insert(escape_name(parts[i].attachment));
  for (Section& section : main.sections)
    for (ProfileRule& rule : section.rules)
      if (!rule.exec.empty() && children.count(rule.pattern) != 0) rule.exec = "Cx";
}

}  // namespace cordon::apparmor
