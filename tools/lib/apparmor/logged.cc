#include "apparmor/logged.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "apparmor/label.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

/// Recordings give the program, and a domain only for hats, as "^NAME".
bool is_logged(const Rule& rule) {
  const Subject& subject = rule.grant().subject;
  return rule.basis().kind == BasisKind::kObserved && subject.exe.empty() && !subject.domain.empty() &&
         !subject.domain.starts_with('^');
}

std::string root_of(const std::string& label) { return label.substr(0, label_ends(label).front()); }

/// The innermost name, without what complain mode puts in front.
std::string last_name(const std::string& label) {
  const auto ends = label_ends(label);
  if (ends.size() == 1) return label;
  const std::string last = label.substr(ends[ends.size() - 2] + 2);
  return last.starts_with("null-") ? last.substr(5) : last;
}

class Names {
 public:
  explicit Names(const Policy& policy) {
    std::set<std::string> roots;
    for (const Rule& rule : policy.rules) {
      if (!is_logged(rule)) continue;
      if (rule.grant().subject.container.empty()) roots.insert(root_of(rule.grant().subject.domain));
      if (const auto* exec = std::get_if<ExecOp>(&rule.grant().operation)) executed_[exec->transition] = exec->path;
      const auto* domain = std::get_if<DomainOp>(&rule.grant().operation);
      if (domain != nullptr && domain->act == "change_hat" && domain->target.find("//", 1) != std::string::npos)
        hats_.insert(domain->target);
    }
    program_ = policy.program;
    found_main_ = roots.size() == 1 || roots.count(policy.name) != 0 || roots.count(policy.program) != 0;
    main_ = roots.size() == 1 ? *roots.begin() : roots.count(policy.name) != 0 ? policy.name : program_;
  }

  /// Of another profile than the policy's; or of one in another namespace, which is another one.
  bool foreign(const Rule& rule) const {
    const Subject& subject = rule.grant().subject;
    return is_logged(rule) && found_main_ && (root_of(subject.domain) != main_ || !subject.container.empty());
  }

  /// The executions that a label tells of and the log does not.
  void add_executions(const Rule& rule, std::vector<Rule>& out) const {
    if (!is_logged(rule)) return;
    const std::string& label = rule.grant().subject.domain;
    const auto ends = label_ends(label);
    for (std::size_t i = 1; i < ends.size(); ++i) {
      const std::string whole = label.substr(0, ends[i]), parent = label.substr(0, ends[i - 1]);
      if (whole.compare(ends[i - 1], kLearning.size() + 1, std::string(kLearning) + "/") != 0 ||
          executed_.count(whole) != 0)
        continue;
      ExecOp exec;
      exec.path = last_name(whole);
      Subject subject;
      subject.exe = program_at(parent);
      subject.domain = root_of(label);
      out.push_back(Rule::observed({subject, exec, std::nullopt}, rule.evidence()));
    }
  }

  Rule named(const Rule& rule) const {
    if (!is_logged(rule)) return rule;
    Grant grant = rule.grant();
    std::visit(Peers{*this, root_of(grant.subject.domain)}, grant.operation);
    name_subject(grant.subject);
    return Rule::observed(std::move(grant), rule.evidence());
  }

 private:
  /// A peer of the family is asked for by what the policy's own profiles are called.
  struct Peers {
    const Names& names;
    std::string root;
    template <class Operation>
    void to_family(Operation& op) const {
      op.same_program |= !op.peer.empty() && root_of(op.peer) == root;
    }
    void operator()(SignalOp& op) const { to_family(op); }
    void operator()(PtraceOp& op) const { to_family(op); }
    void operator()(DomainOp& op) const {
      if (names.hats_.count(op.target) != 0) op.target = last_name(op.target);
    }
    template <class Other>
    void operator()(Other&) const {}
  };

  void name_subject(Subject& subject) const {
    const std::string label = subject.domain, root = root_of(label);
    subject.exe = program_at(label);
    if (label == root) return;
    const bool child = executed_.count(label) != 0 || last_name(label).starts_with('/');
    const bool hat = !child && (hats_.count(label) != 0 || label.find(kLearning) == std::string::npos);
    if (child)
      subject.domain = root + "//" + subject.exe;
    else if (hat && root == main_)
      subject.domain = "^" + last_name(label);
  }

  /// What ran there: the innermost executed file, else the outermost profile's program.
  std::string program_at(const std::string& label) const {
    const auto ends = label_ends(label);
    for (std::size_t i = ends.size(); i-- > 1;) {
      const std::string whole = label.substr(0, ends[i]);
      if (const auto found = executed_.find(whole); found != executed_.end()) return found->second;
      if (std::string last = last_name(whole); last.starts_with('/')) return last;
    }
    const std::string root = label.substr(0, ends.front());
    if (root == main_) return program_;
    return root.starts_with('/') ? root : std::string();
  }

  std::map<std::string, std::string> executed_;  ///< label → the file whose execution led there
  std::set<std::string> hats_;                   ///< labels of hats that were asked for
  std::string program_;
  std::string main_;
  bool found_main_ = false;
};

}  // namespace

LoggedPolicy with_logged_programs(const Policy& policy) {
  if (std::none_of(policy.rules.begin(), policy.rules.end(), is_logged)) return {policy, {}};
  const Names names(policy);
  LoggedPolicy out{policy, {}};
  out.policy.rules.clear();
  std::map<std::string, std::size_t> foreign;
  for (const Rule& rule : policy.rules) {
    if (names.foreign(rule)) {
      const Subject& subject = rule.grant().subject;
      ++foreign[root_of(subject.domain) + (subject.container.empty() ? "" : " in the namespace " + subject.container)];
      continue;
    }
    out.policy.rules.push_back(names.named(rule));
    names.add_executions(rule, out.policy.rules);
  }
  std::sort(out.policy.rules.begin(), out.policy.rules.end());
  for (const auto& [profile, count] : foreign)
    out.remarks.push_back("Left out: " + counted(count, "rule") + " for the log's other profile " + printable(profile) +
                          ".");
  return out;
}

}  // namespace cordon::apparmor
