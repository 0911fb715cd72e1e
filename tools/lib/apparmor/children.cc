#include "apparmor/children.h"

#include <algorithm>
#include <map>
#include <set>

#include "apparmor/data.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

using Names = std::set<std::string>;

std::size_t count_shared(const Names& a, const Names& b) {
  return static_cast<std::size_t>(
      std::count_if(a.begin(), a.end(), [&](const std::string& one) { return b.count(one) != 0; }));
}

/// What ran when a file was executed: a script runs as its interpreter.
struct ExecGraph {
  std::map<std::string, Names> starts;         ///< running program → files that it executed
  std::map<std::string, std::string> runs_as;  ///< executed file → the program that ran

  std::string running(const std::string& file) const {
    const auto found = runs_as.find(file);
    return found == runs_as.end() ? file : found->second;
  }
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

/// The programs that run when `file` is executed and all that they start, short of `main` and of files in `elsewhere`.
Names closure(const ExecGraph& graph, const std::string& file, const std::string& main, const Names& elsewhere) {
  Names programs;
  std::vector<std::string> pending{file};
  while (!pending.empty()) {
    const std::string program = graph.running(pending.back());
    pending.pop_back();
    if (program == main || !programs.insert(program).second) continue;
    const auto next = graph.starts.find(program);
    if (next == graph.starts.end()) continue;
    for (const std::string& started : next->second)
      if (elsewhere.count(started) == 0) pending.push_back(started);
  }
  return programs;
}

using StrongSets = std::map<std::string, Names>;

/// program → its strong grants.
StrongSets strong_sets(const Policy& policy) {
  StrongSets sets;
  for (const Rule& rule : policy.rules)
    for (const ProfileRule& said : translate(rule.grant().operation, TranslateContext{}).rules)
      if (std::string grant = strong_grant(said); !grant.empty())
        sets[rule.grant().subject.exe].insert(std::move(grant));
  return sets;
}

Names strong_of(const StrongSets& sets, const Names& programs) {
  Names out;
  for (const std::string& program : programs)
    if (const auto found = sets.find(program); found != sets.end())
      out.insert(found->second.begin(), found->second.end());
  return out;
}

struct Choice {
  std::string file;
  Transition transition = Transition::kMain;
  std::size_t shared = 0;
  std::size_t all = 0;
};

Choice choose(const std::string& file, const Names& main, const Names& started) {
  const std::size_t shared = count_shared(main, started);
  return {file, transition_by_privileges(main, started), shared, main.size() + started.size() - shared};
}

std::string remark_on(const Choice& choice) {
  const std::string where =
      choice.transition == Transition::kBeside ? "a profile of its own (Px)" : "a child profile (Cx)";
  return printable(choice.file) + " gets " + where + ": of " + counted(choice.all, "privilege") +
         " that tell programs apart, " + std::to_string(choice.shared) + " shared with the main program.";
}

/// The files that get profiles, with how they are reached.
class Chooser {
 public:
  Chooser(const Policy& policy, ExecMode mode) : policy_(policy), mode_(mode), graph_(graph_of(policy)) {
    main_ = graph_.running(policy.program);
    if (mode != ExecMode::kInherit) choose_all();
  }

  /// Facts under a hat bear it as "^NAME". What a program executes under a hat stays under it.
  static bool under_hat(const Rule& rule) { return rule.grant().subject.domain.starts_with('^'); }

  /// What a log says of a child, a hat or a profile beside goes there, whatever program it was.
  void by_logged_domain(std::vector<Part>& parts) const {
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
      const std::string& domain = policy_.rules[i].grant().subject.domain;
      const auto owner =
          std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.full_name == domain; });
      if (domain.empty() || owner == parts.end()) continue;
      for (Part& part : parts) remove_rule(part, i);
      owner->rules.push_back(&policy_.rules[i]);
      owner->indexes.push_back(i);
    }
  }

  static void remove_rule(Part& part, std::size_t index) {
    const auto at = std::find(part.indexes.begin(), part.indexes.end(), index);
    if (at == part.indexes.end()) return;
    part.rules.erase(part.rules.begin() + (at - part.indexes.begin()));
    part.indexes.erase(at);
  }

  Division divide() const {
    Division division;
    division.remarks = remarks_;
    Part main = part_of(main_programs(), true);
    main.name = main.full_name = policy_.name;
    main.program = policy_.program;
    division.parts.push_back(std::move(main));
    for (const auto& [file, transition] : chosen_)
      division.parts.push_back(started_part(file, transition, division.parts));
    for (const std::string& hat : hats()) division.parts.push_back(hat_part(hat));
    by_logged_domain(division.parts);
    introduce(division.parts);
    return division;
  }

 private:
  void choose_all() {
    const StrongSets sets = strong_sets(policy_);
    const Names main_strong = strong_of(sets, {main_});
    const auto started = graph_.starts.find(main_);
    if (started == graph_.starts.end()) return;
    std::size_t named = 0;
    for (const std::string& file : started->second) {
      const Names programs = closure(graph_, file, main_, {});
      if (programs.empty()) continue;
      Choice choice = choose(file, main_strong, strong_of(sets, programs));
      if (mode_ == ExecMode::kChild) choice.transition = Transition::kChild;
      if (choice.transition == Transition::kMain) continue;
      if (choice.transition == Transition::kBeside && named == kMaxNamedTransitions) {
        choice.transition = Transition::kChild;
        remarks_.push_back(printable(file) +
                           " gets a child profile in the place of one of its own: apparmor_parser takes " +
                           std::to_string(kMaxNamedTransitions) + " named transitions.");
      } else if (mode_ == ExecMode::kAuto) {
        remarks_.push_back(remark_on(choice));
      }
      named += choice.transition == Transition::kBeside ? 1 : 0;
      chosen_[file] = choice.transition;
    }
    if (mode_ == ExecMode::kAuto) choose_below(sets, named);
  }

  /// What a child starts gets a profile beside where it has strong grants of its own that the child's program lacks. A
  /// child's child cannot be said: apparmor_parser 3.0 compiles "a//b//c" under the name "b//c", which no exec finds.
  void choose_below(const StrongSets& sets, std::size_t named) {
    Names children = files_with(Transition::kChild);
    for (const std::string& child : children) {
      const std::string owner = graph_.running(child);
      const Names strong = strong_of(sets, {owner});
      for (const std::string& program : closure(graph_, child, main_, {}))
        if (const auto started = graph_.starts.find(program); started != graph_.starts.end())
          for (const std::string& file : started->second)
            if (graph_.running(file) != owner && stands_apart(sets, strong, file)) put_beside(child, file, sets, named);
    }
  }

  bool stands_apart(const StrongSets& sets, const Names& owner, const std::string& file) const {
    if (graph_.running(file) == main_ || chosen_.count(file) != 0) return false;
    const Names own = strong_of(sets, {graph_.running(file)});
    return !own.empty() && transition_by_privileges(owner, own) != Transition::kMain;
  }

  void put_beside(const std::string& child, const std::string& file, const StrongSets& sets, std::size_t& named) {
    if (named == kMaxNamedTransitions) {
      remarks_.push_back(printable(file) + " stays under " + printable(child) + ": apparmor_parser takes " +
                         std::to_string(kMaxNamedTransitions) + " named transitions.");
      return;
    }
    ++named;
    chosen_[file] = Transition::kBeside;
    below_[file] = child;
    remarks_.push_back(printable(file) + ", started under " + printable(child) +
                       ", gets a profile of its own (Px): it has " +
                       counted(strong_of(sets, {graph_.running(file)}).size(), "privilege") +
                       " that tell programs apart, most of which the other's program lacks.");
  }

  Names files_with(Transition transition) const {
    Names files;
    for (const auto& [file, how] : chosen_)
      if (how == transition) files.insert(file);
    return files;
  }

  /// What the main program starts without a transition runs under its profile, whoever else starts it too.
  Names main_programs() const {
    Names elsewhere;
    for (const auto& [file, how] : chosen_) elsewhere.insert(file);
    Names programs{main_};
    const auto started = graph_.starts.find(main_);
    if (started == graph_.starts.end()) return programs;
    for (const std::string& file : started->second)
      if (elsewhere.count(file) == 0) programs.merge(closure(graph_, file, main_, elsewhere));
    return programs;
  }

  /// Facts whose program no part claims (none is known, or how it was started is not) stay with the main one.
  Part part_of(const Names& programs, bool main) const {
    Names claimed;
    if (main)
      for (const auto& [file, how] : chosen_) claimed.merge(closure(graph_, file, main_, {}));
    Part part;
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
      const std::string& exe = policy_.rules[i].grant().subject.exe;
      if (under_hat(policy_.rules[i])) continue;
      if (programs.count(exe) == 0 && (!main || claimed.count(exe) != 0)) continue;
      part.rules.push_back(&policy_.rules[i]);
      part.indexes.push_back(i);
    }
    return part;
  }

  /// Those that facts are under, and those that were only asked for.
  Names hats() const {
    Names hats;
    for (const Rule& rule : policy_.rules) {
      const std::string& domain = rule.grant().subject.domain;
      if (under_hat(rule)) hats.insert(domain.substr(1));
      const std::string below = policy_.name + "//";
      if (domain.starts_with(below) && domain.substr(below.size(), 1) != "/" &&
          !domain.substr(below.size()).starts_with("null-"))
        hats.insert(domain.substr(below.size()));
      const auto* change = std::get_if<DomainOp>(&rule.grant().operation);
      if (change != nullptr && change->act == "change_hat") hats.insert(change->target);
    }
    return hats;
  }

  Part hat_part(const std::string& hat) const {
    Part part;
    part.transition = Transition::kHat;
    part.name = sayable(hat);
    part.full_name = policy_.name + "//" + part.name;
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
      if (policy_.rules[i].grant().subject.domain != "^" + hat) continue;
      part.rules.push_back(&policy_.rules[i]);
      part.indexes.push_back(i);
    }
    return part;
  }

  Part started_part(const std::string& file, Transition transition, const std::vector<Part>& before) const {
    Part part = part_of(closure(graph_, file, main_, files_with(Transition::kBeside)), false);
    part.transition = transition;
    part.program = file;
    if (transition == Transition::kChild) {
      part.name = file;
      part.full_name = policy_.name + "//" + file;
    } else {
      part.name = part.full_name = beside_name(file, before);
    }
    return part;
  }

  std::string beside_name(const std::string& file, const std::vector<Part>& before) const {
    const std::string wanted = policy_.name + "." + sayable(file.substr(file.rfind('/') + 1));
    std::string name = wanted;
    for (int number = 2; std::any_of(before.begin(), before.end(), [&](const Part& p) { return p.name == name; });
         ++number)
      name = wanted + "." + std::to_string(number);
    return name;
  }

  /// Programs of one run signal each other and talk over sockets that one of them made.
  void introduce(std::vector<Part>& parts) const {
    for (std::size_t i = 1; i < parts.size(); ++i) {
      parts[i].extra.push_back(family_section(parts[0].full_name));
      parts[0].extra.push_back(family_section(parts[i].full_name));
    }
    for (Part& part : parts) {
      const auto parent = below_.find(part.program);
      if (parent == below_.end() || part.transition != Transition::kBeside) continue;
      for (Part& other : parts) {
        if (other.program != parent->second || other.transition != Transition::kChild) continue;
        part.extra.push_back(family_section(other.full_name));
        other.extra.push_back(family_section(part.full_name));
      }
    }
  }

  /// True if an operation of the kind was seen, by the run's programs on each other where it tells.
  template <class Op>
  bool seen() const {
    return std::any_of(policy_.rules.begin(), policy_.rules.end(), [](const Rule& rule) {
      const auto* op = std::get_if<Op>(&rule.grant().operation);
      if constexpr (std::is_same_v<Op, PtraceOp>)
        return op != nullptr && op->same_program;
      else
        return op != nullptr;
    });
  }

  Section family_section(const std::string& peer) const {
    ProfileRule signal;
    signal.klass = RuleClass::kSignal;
    signal.words = {"send", "receive"};
    signal.peer["label"] = escape_name(peer);
    Section section{"Baseline (programs of one run):",
                    {"they signal each other, use each other's sockets, and trace each other if they were seen to"},
                    {signal},
                    {}};
    if (seen<UnixOp>()) {
      section.rules.push_back(signal);
      section.rules.back().klass = RuleClass::kUnix;
    }
    if (!seen<PtraceOp>()) return section;
    ProfileRule trace = signal;
    trace.klass = RuleClass::kPtrace;
    trace.words = {"read", "readby", "trace", "tracedby"};
    section.rules.push_back(std::move(trace));
    return section;
  }

  const Policy& policy_;
  ExecMode mode_;
  ExecGraph graph_;
  std::string main_;
  std::map<std::string, Transition> chosen_;
  std::map<std::string, std::string> below_;  ///< a file beside → the child that starts it
  std::vector<std::string> remarks_;
};

}  // namespace

std::string strong_grant(const ProfileRule& rule) {
  if (rule.klass != RuleClass::kFile) {
    for (const StrongClass& row : strong_classes())
      if (row.keyword == keyword(rule.klass)) return to_text(rule);
    return {};
  }
  if ((rule.letters & (kW | kA)) == 0) return {};
  for (const StrongTree& row : strong_trees())
    if (rule.pattern.compare(0, row.tree.size(), row.tree) == 0) return row.tree + " w";
  return {};
}

Transition transition_by_privileges(const Names& owner, const Names& started) {
  const std::size_t shared = count_shared(owner, started);
  if (shared * 2 >= owner.size() + started.size() - shared) return Transition::kMain;
  const bool apart = shared == 0 && !owner.empty() && !started.empty();
  return apart ? Transition::kBeside : Transition::kChild;
}

Division divide_by_program(const Policy& policy, ExecMode mode) { return Chooser(policy, mode).divide(); }

void apply_transitions(ProfileText& profile, Transition owner, const std::vector<Part>& parts) {
  if (owner == Transition::kHat) return;
  std::map<std::string, const Part*> by_pattern;
  for (const Part& part : parts)
    if (part.transition == Transition::kBeside || (part.transition == Transition::kChild && owner == Transition::kMain))
      by_pattern[escape_name(part.program)] = &part;
  for (Section& section : profile.sections) {
    for (ProfileRule& rule : section.rules) {
      const auto found = rule.exec.empty() ? by_pattern.end() : by_pattern.find(rule.pattern);
      if (found == by_pattern.end()) continue;
      rule.exec = found->second->transition == Transition::kChild ? "Cx" : "Px";
      if (found->second->transition == Transition::kBeside) rule.target = found->second->name;
    }
  }
}

}  // namespace cordon::apparmor
