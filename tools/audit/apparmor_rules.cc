#include "apparmor_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apparmor/glob.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "apparmor_tree.h"
#include "base/bytes.h"
#include "base/text.h"
#include "te_text.h"

namespace cordon::audit_tool {
namespace {

using audit::Denial;

bool is_learning_name(std::string_view part) { return part.substr(0, 6) == "null-/"; }

/// userns_create by a program without a profile: the kernel names the program, which needs one.
std::string profile_name(const Fact& fact) {
  const bool unconfined = fact.subject.domain == "unconfined" && std::holds_alternative<NamespaceOp>(fact.operation);
  return unconfined && !fact.subject.exe.empty() ? fact.subject.exe : fact.subject.domain;
}

void remark(ApparmorProfile& profile, std::string text) {
  if (std::find(profile.comments.begin(), profile.comments.end(), text) == profile.comments.end())
    profile.comments.push_back(std::move(text));
}

struct Target {
  apparmor::Dialect dialect;
  LearningTree tree;
};

/// Children's names are paths, hats' are not.
bool is_hat_name(std::string_view name) { return name.substr(0, 1) != "/"; }

ApparmorProfile& profile_at(ApparmorRules& out, const std::string& name_space, const ProfilePlace& place) {
  ApparmorProfile* at = &out.profiles[name_space + '\0' + place.front()];
  at->name = place.front();
  at->name_space = name_space;
  for (std::size_t i = 1; i < place.size(); ++i) {
    at = &at->children[place[i]];
    at->name = place[i];
    at->hat = is_hat_name(place[i]);
    if (is_learning_name(place[i]))
      remark(*at, "the log does not hold the exec that led here; these rules belong where its exec rule leads");
  }
  return *at;
}

/// attach_disconnected is the only way to reach a path outside of the namespace's root.
bool take_disconnected(const Fact& fact, ApparmorProfile& profile) {
  const auto* op = std::get_if<FileOp>(&fact.operation);
  if (op == nullptr || !op->disconnected) return false;
  if (profile.flags.empty()) profile.flags.push_back("attach_disconnected");
  remark(profile, "the path " + printable(op->path) +
                      " lies outside of the profile's root: flags=(attach_disconnected) lets it be seen as /" +
                      printable(op->path));
  return true;
}

/// What an audit rule logged was allowed; by which half of an owner rule is not told.
Operation without_owner(Operation operation) {
  if (auto* op = std::get_if<FileOp>(&operation)) op->owner = Owner::kUnknown;
  return operation;
}

/// What an audit rule logged, or the kernel of a program without a profile, goes on being logged.
bool stays_audited(const Fact& fact) {
  return fact.verdict.outcome == cordon::Outcome::kAllowed && fact.subject.domain == "unconfined";
}

/// "remount options=(ro) /a/" as "mount options=(remount, ro) -> /a/", which compiles to the same and is how logs say
/// it.
void as_mount(apparmor::ProfileRule& rule) {
  if (rule.klass != apparmor::RuleClass::kRemount) return;
  rule.klass = apparmor::RuleClass::kMount;
  rule.keys["options"].insert("remount");
  rule.target = std::exchange(rule.pattern, {});
}

/// Peers are named as complain mode names them; the profiles that are printed have other names.
struct RenamePeer {
  const LearningTree& tree;
  const std::string& name_space;
  void operator()(SignalOp& op) const { op.peer = tree.label(name_space, op.peer); }
  void operator()(PtraceOp& op) const { op.peer = tree.label(name_space, op.peer); }
  void operator()(UnixOp& op) const { op.peer = tree.label(name_space, op.peer); }
  void operator()(IpcOp& op) const { op.peer = tree.label(name_space, op.peer); }
  template <class Other>
  void operator()(Other&) const {}
};

struct Outcome {
  bool rule = false;
  std::string why;
};

/// The operation as the rule is to have it.
Operation wanted(const Fact& fact, const Target& target, bool disconnected) {
  Operation operation =
      fact.verdict.outcome == cordon::Outcome::kAllowed ? without_owner(fact.operation) : fact.operation;
  std::visit(RenamePeer{target.tree, fact.subject.container}, operation);
  if (auto* op = std::get_if<FileOp>(&operation)) {
    if (disconnected && op->path.front() != '/') op->path.insert(0, 1, '/');
    op->inherited = false;  // the log shows that it was mediated
  }
  return operation;
}

/// What is executed into another profile needs no more than that here; there, execve reads and maps the program.
void take_step(const Fact& fact, const Target& target, const ProfilePlace& place, apparmor::ProfileRule& rule,
               ApparmorRules& out) {
  const auto* exec = std::get_if<ExecOp>(&fact.operation);
  if (exec == nullptr || rule.exec.empty()) return;
  const LearningTree::Step step = target.tree.step(fact.subject.container, place, exec->path);
  if (step.transition == apparmor::Transition::kMain) return;
  const bool child = step.transition == apparmor::Transition::kChild;
  apparmor::ProfileRule itself;
  itself.pattern = rule.pattern;
  itself.letters = std::exchange(rule.letters, 0);
  rule.exec = child ? "Cx" : "Px";
  rule.target = step.profile;
  ProfilePlace there = child ? place : ProfilePlace{step.profile};
  if (child) there.push_back(exec->path);
  profile_at(out, fact.subject.container, there).rules.push_back(std::move(itself));
}

/// A hat that did not exist is there once its block is.
bool take_hat(const Fact& fact, const Target& target, ApparmorRules& out) {
  const auto* domain = std::get_if<DomainOp>(&fact.operation);
  if (domain == nullptr || domain->act != "change_hat") return false;
  const ProfilePlace place = target.tree.place(fact.subject.container, domain->target);
  if (place.size() < 2 || is_learning_name(place.back())) return false;
  profile_at(out, fact.subject.container, place).asked_for = true;
  return true;
}

Outcome take_fact(const Fact& fact, const Target& target, const ProfilePlace& place, ApparmorRules& out) {
  ApparmorProfile& profile = profile_at(out, fact.subject.container, place);
  apparmor::TranslateContext context;
  context.dialect = target.dialect;
  context.profile = join(place, "//");
  context.from_log = context.addresses = true;
  const bool disconnected = take_disconnected(fact, profile);
  auto translation = apparmor::translate(wanted(fact, target, disconnected), context);
  for (auto& rule : translation.rules) {
    rule.audit = stays_audited(fact);
    as_mount(rule);
    take_step(fact, target, place, rule, out);
    profile.rules.push_back(std::move(rule));
  }
  if (translation.expression.fit == Fit::kNone) remark(profile, translation.expression.why);
  if (!translation.rules.empty() || disconnected || take_hat(fact, target, out)) return {true, {}};
  const bool silent = translation.expression.why.empty();
  return {false, silent ? "AppArmor's language has no rule for what was refused" : translation.expression.why};
}

/// no_new_privs and a missing hat are not mended by rules.
std::string beyond_rules(const Denial& denial) {
  const std::string& info = denial.details.info;
  if (info.find("no new privs") != std::string::npos)
    return "no_new_privs is set: the transition needs a profile stack or a program without NoNewPrivileges";
  return {};
}

/// A denial that no rule of the profile can lift.
std::string no_rule_helps(const Denial& denial) {
  const bool transition = std::holds_alternative<DomainOp>(denial.facts.front().operation);
  if (transition && denial.details.info == "label not found")
    return "the profile " + printable(denial.details.name) + " is not loaded: load it with apparmor_parser -r";
  return {};
}

/// An audit record of kernels before 2.6.37 says neither what its rule covers nor who owns the file.
bool is_old_audit(const Denial& denial) { return denial.details.record_type == "APPARMOR_AUDIT"; }

void take(const Denial& denial, std::size_t index, const Target& target, ApparmorRules& out, Judgement& fate) {
  if (denial.facts.empty()) {
    fate = {Fate::kUnexplained, denial.problem};
    return;
  }
  if (std::string why = no_rule_helps(denial); !why.empty()) {
    fate = {Fate::kFinding, std::move(why)};
    return;
  }
  const Fact& first = denial.facts.front();
  const ProfilePlace place = target.tree.place(first.subject.container, profile_name(first));
  ApparmorProfile& profile = profile_at(out, first.subject.container, place);
  profile.denials.push_back(index);
  for (const Fact& fact : denial.facts) {
    const Outcome outcome = take_fact(fact, target, place, out);
    if (outcome.rule)
      fate = {Fate::kRule, {}};
    else if (fate.fate != Fate::kRule)
      fate = {Fate::kFinding, outcome.why};
  }
  if (const std::string why = beyond_rules(denial); !why.empty()) remark(profile, why);
}

void settle(ApparmorProfile& profile) {
  apparmor::normalise(profile.rules);
  for (auto& [name, child] : profile.children) settle(child);
}

bool is_empty(const ApparmorProfile& profile) {
  return profile.rules.empty() && profile.flags.empty() && !profile.asked_for &&
         std::all_of(profile.children.begin(), profile.children.end(),
                     [](const auto& c) { return is_empty(c.second); });
}

/// A name that is a glob bears its braces as they stand: apparmor_parser would keep escapes in the name.
std::string name_text(const std::string& name) {
  constexpr std::string_view kOwnMeaning = "\"\\@#\r\n\t";
  const bool as_it_stands = printable(name) == name && name.find_first_of(kOwnMeaning) == std::string::npos &&
                            apparmor::is_glob(name) && apparmor::Glob::parse(name);
  return as_it_stands ? apparmor::quote_glob(name) : apparmor::quote_name(name);
}

std::string head(const ApparmorProfile& profile, int depth) {
  const std::string name = name_text(profile.name);
  std::string text = profile.hat                                      ? "^" + name
                     : depth == 0 && profile.name.substr(0, 1) == "/" ? name
                                                                      : "profile " + name;
  if (!profile.flags.empty()) text += " flags=(" + join(profile.flags, ",") + ")";
  return text + " {\n";
}

void append(std::string& out, const ApparmorProfile& profile, const std::vector<Denial>& denials, bool verbose,
            int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  if (!profile.name_space.empty())
    out += indent + "# in the policy namespace " + printable(profile.name_space) + ", not in the host's\n";
  out += indent + head(profile, depth);
  for (const std::string& comment : profile.comments) out += indent + "  # " + comment + "\n";
  if (verbose)
    for (const std::size_t index : profile.denials)
      if (index < denials.size())
        for (const std::string& line : evidence_lines(denials[index])) out += indent + "  # " + line + "\n";
  for (const auto& rule : profile.rules) out += indent + "  " + apparmor::to_text(rule) + "\n";
  for (const auto& [name, child] : profile.children)
    if (!is_empty(child)) append(out, child, denials, verbose, depth + 1);
  out += indent + "}\n";
}

}  // namespace

ApparmorRules apparmor_rules(const std::vector<Denial>& denials, const std::vector<Denial>& audited,
                             apparmor::Dialect dialect, apparmor::ExecMode exec) {
  ApparmorRules out;
  out.fates.resize(denials.size());
  const Target target{dialect, LearningTree(denials, dialect, exec)};
  for (std::size_t i = 0; i < denials.size(); ++i)
    if (denials[i].by == Mechanism::kAppArmor) take(denials[i], i, target, out, out.fates[i]);
  for (const Denial& denial : audited) {
    if (is_old_audit(denial)) continue;
    Judgement unused;
    take(denial, denials.size(), target, out, unused);
  }
  for (auto& [name, profile] : out.profiles) settle(profile);
  return out;
}

std::string apparmor_text(const ApparmorRules& rules, const std::vector<Denial>& denials, bool verbose) {
  std::string out;
  for (const auto& [key, profile] : rules.profiles) {
    if (is_empty(profile)) continue;
    if (!out.empty()) out += "\n";
    append(out, profile, denials, verbose, 0);
  }
  return out;
}

}  // namespace cordon::audit_tool
