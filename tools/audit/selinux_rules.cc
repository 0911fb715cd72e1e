#include "selinux_rules.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "neverallows.h"
#include "remarks.h"
#include "selinux/guard.h"

namespace cordon::audit_tool {
namespace {

using audit::Denial;
using selinux::Reason;
using selinux::ReasonKind;

bool is_unknown(ReasonKind kind) {
  return kind == ReasonKind::kUnknownSource || kind == ReasonKind::kUnknownTarget ||
         kind == ReasonKind::kUnknownClass || kind == ReasonKind::kUnknownPerm;
}

/// Reasons that an allow rule would remove.
bool is_type_enforcement(ReasonKind kind) {
  return kind == ReasonKind::kNoRule || kind == ReasonKind::kBoolean || kind == ReasonKind::kDontaudit;
}

void add_reason(PermissionState& state, const Reason& reason) {
  for (const Reason& known : state.reasons)
    if (known.kind == reason.kind && known.words == reason.words) return;
  state.reasons.push_back(reason);
}

/// Builds the rules of all denials; holds what is shared between them.
class RuleMaker {
 public:
  RuleMaker(const std::vector<Denial>& denials, Judges& judges) : denials_(denials), judges_(judges) {
    out_.fates.resize(denials.size());
  }
  SelinuxRules make();

 private:
  void take(std::size_t index);
  void take_av(std::size_t index, const AvOp& op);
  void take_error(std::size_t index, const Fact& fact, const DomainOp& op);
  void explain(TeRule& rule, const Denial& denial, const AvOp& op);
  void explain_extended(TeRule& rule, const AvOp& op);
  void guard(TeRule& rule);
  void obey_neverallows();
  void refuse(PermissionState& state, const std::string& what, const std::string& instead) const;
  void settle(TeRule& rule);
  void set_fate(TeRule& rule);
  void unexplained(std::size_t index, std::string why) { out_.fates[index] = {Fate::kUnexplained, std::move(why)}; }

  const std::vector<Denial>& denials_;
  Judges& judges_;
  SelinuxRules out_;
  std::map<std::tuple<std::string, std::string, std::string>, TeRule> rules_;
  std::map<std::pair<std::string, std::string>, RoleRule> roles_;
};

void RuleMaker::take(std::size_t index) {
  const Denial& denial = denials_[index];
  if (denial.by != Mechanism::kSelinux) return;
  if (denial.facts.empty()) return unexplained(index, denial.problem);
  const Fact& fact = denial.facts.front();
  if (const auto* av = std::get_if<AvOp>(&fact.operation))
    take_av(index, *av);
  else if (const auto* domain = std::get_if<DomainOp>(&fact.operation))
    take_error(index, fact, *domain);
}

void RuleMaker::take_av(std::size_t index, const AvOp& op) {
  const auto source = selinux::parse_context(op.source), target = selinux::parse_context(op.target);
  if (!source || !target) return unexplained(index, "a context has fewer parts than user:role:type");
  const bool names =
      selinux::is_identifier(source->type) && selinux::is_identifier(target->type) &&
      selinux::is_identifier(op.klass) &&
      std::all_of(op.perms.begin(), op.perms.end(), [](const auto& p) { return selinux::is_identifier(p); });
  if (!names) return unexplained(index, "a name in the record cannot stand in a policy");
  const std::string object = source->type == target->type ? "self" : target->type;
  TeRule& rule = rules_[{source->type, object, op.klass}];
  rule.source = source->type;
  rule.target = object;
  rule.klass = op.klass;
  rule.denials.push_back(index);
  auto& extended = denials_[index].details.xperm_kind == "nlmsg" ? rule.nlmsgs : rule.ioctls;
  extended.insert(op.xperms.begin(), op.xperms.end());
  explain(rule, denials_[index], op);
}

void RuleMaker::explain(TeRule& rule, const Denial& denial, const AvOp& op) {
  if (!judges_.policy) {
    for (const std::string& perm : op.perms) {
      rule.perms[perm].known = true;
      rule.perms[perm].allowed = false;
    }
  } else {
    const auto explanation = judges_.policy->explain(op.source, op.target, op.klass, op.perms);
    for (const auto& verdict : explanation.perms) {
      PermissionState& state = rule.perms[verdict.perm];
      const bool known = explanation.whole.empty() && !verdict.has(ReasonKind::kUnknownPerm);
      state.known |= known;
      state.allowed &= verdict.allowed || !known;
      for (const Reason& reason : explanation.whole) add_reason(state, reason);
      for (const Reason& reason : verdict.reasons) add_reason(state, reason);
    }
    explain_extended(rule, op);
  }
  for (const std::string& remark : other_causes(denial, op, judges_))
    for (const std::string& perm : op.perms) {
      auto& remarks = rule.perms[perm].remarks;
      if (std::find(remarks.begin(), remarks.end(), remark) == remarks.end()) remarks.push_back(remark);
    }
}

/// ioctl allowed, but not this command: an allowxperm rule limits the class, and only another one helps.
void RuleMaker::explain_extended(TeRule& rule, const AvOp& op) {
  for (const std::uint32_t command : op.xperms) {
    const auto state = rule.perms.find("ioctl");
    if (state == rule.perms.end() || !state->second.allowed) return;
    const auto allowed =
        judges_.policy->allows_ioctl(op.source, op.target, op.klass, static_cast<std::uint16_t>(command));
    if (!allowed || *allowed) continue;
    rule.extended_only = true;
    state->second.allowed = false;
    add_reason(state->second, {ReasonKind::kExtended, "ioctl is allowed here, but not this command", {}, {}});
  }
}

void RuleMaker::take_error(std::size_t index, const Fact& fact, const DomainOp& op) {
  const auto context = selinux::parse_context(op.target);
  if (!context) return unexplained(index, "the invalid context has fewer parts than user:role:type");
  if (op.act == "security_bounded_transition") {
    const auto from = selinux::parse_context(fact.subject.domain);
    out_.fates[index] = {Fate::kFinding,
                         "the domain changed under no_new_privs or on a nosuid mount, which needs 'typebounds " +
                             (from ? from->type : fact.subject.domain) + " " + context->type + ";', or 'allow " +
                             (from ? from->type : "SOURCE") + " " + context->type +
                             ":process2 { nnp_transition nosuid_transition };'"};
    return;
  }
  if (op.act.find("compute") == std::string::npos) {
    out_.fates[index] = {Fate::kFinding,
                         op.act + ": the context " + op.target +
                             " is refused; a program sets a label that the policy does not know or allow"};
    return;
  }
  if (!selinux::is_identifier(context->role) || !selinux::is_identifier(context->type))
    return unexplained(index, "a name in the record cannot stand in a policy");
  RoleRule& rule = roles_[{context->role, context->type}];
  rule.role = context->role;
  rule.type = context->type;
  rule.remark = "a transition from " + fact.subject.domain + " would make the context " + op.target +
                ", in which the role may not bear the type";
  rule.denials.push_back(index);
  out_.fates[index] = {Fate::kRule, {}};
}

std::vector<std::string> not_allowed(const TeRule& rule) {
  std::vector<std::string> out;
  for (const auto& [perm, state] : rule.perms)
    if (!state.allowed) out.push_back(perm);
  return out;
}

/// No rule is made of it; a user who knows better gets one, with a warning above.
void RuleMaker::refuse(PermissionState& state, const std::string& what, const std::string& instead) const {
  if (judges_.i_know) {
    state.remarks.push_back(what + "; instead: " + instead);
  } else if (state.refused.empty()) {
    state.refused = what;
    state.instead = instead;
  }
}

/// The table of guards, for what is not allowed yet.
void RuleMaker::guard(TeRule& rule) {
  const auto asked = not_allowed(rule);
  if (asked.empty()) return;
  const std::string& target = rule.target == "self" ? rule.source : rule.target;
  for (const auto& hit : selinux::guard_hits(rule.source, target, rule.klass, asked))
    for (const std::string& perm : hit.perms)
      refuse(rule.perms.at(perm), "guard " + hit.id + ": " + hit.why, hit.instead);
}

/// What the policy's own authors forbid. A binary policy holds no neverallow, and semodule does not look at them by
/// default (semanage.conf(5), expand-check=0): such a module would load.
void RuleMaker::obey_neverallows() {
  if (!judges_.policy || !judges_.neverallows) return;
  selinux::Module module;
  for (const auto& [key, rule] : rules_)
    if (const auto perms = not_allowed(rule); !perms.empty()) module.allow(rule.source, rule.target, rule.klass, perms);
  for (const auto& broken : judges_.neverallows->check(module, *judges_.policy).broken) {
    const auto& [source, target, klass] = broken.vector;
    const auto found = rules_.find({source, source == target ? "self" : target, klass});
    if (found == rules_.end()) continue;
    for (const std::string& perm : broken.perms)
      if (const auto state = found->second.perms.find(perm); state != found->second.perms.end())
        refuse(state->second, "neverallow: " + broken.where + ": " + broken.statement,
               "let a domain do it that the policy exempts, or relabel the object if it bears the wrong type");
  }
}

/// A constraint that stands alone, type enforcement being content, is beyond any allow rule.
void RuleMaker::settle(TeRule& rule) {
  for (auto& entry : rule.perms) {
    auto& state = entry.second;
    const auto has = [&](auto test) {
      return std::any_of(state.reasons.begin(), state.reasons.end(), [&](const Reason& r) { return test(r.kind); });
    };
    state.unknown = !state.known;
    if (state.allowed || state.unknown || !state.refused.empty()) continue;
    const bool constrained = has([](ReasonKind k) { return k == ReasonKind::kConstraint; });
    state.blocked_otherwise = constrained && !has(is_type_enforcement);
    if (!state.blocked_otherwise) continue;
    for (const Reason& reason : state.reasons)
      if (reason.kind == ReasonKind::kConstraint) state.refused = "constraint: " + reason.words;
    state.instead = constraint_advice(state);
  }
}

void RuleMaker::set_fate(TeRule& rule) {
  for (const std::size_t index : rule.denials) {
    Judgement& fate = out_.fates[index];
    const auto& op = std::get<AvOp>(denials_[index].facts.front().operation);
    bool any_rule = false, any_unknown = false;
    for (const std::string& perm : op.perms) {
      const PermissionState& state = rule.perms.at(perm);
      any_rule |= state.refused.empty() && !state.unknown;
      any_unknown |= state.unknown;
      if (!state.refused.empty() && !any_unknown) fate.why = state.refused;
      for (const Reason& reason : state.reasons)
        if (state.unknown && is_unknown(reason.kind)) fate.why = reason.words;
    }
    fate.fate = any_rule ? Fate::kRule : any_unknown ? Fate::kUnexplained : Fate::kFinding;
  }
}

SelinuxRules RuleMaker::make() {
  for (std::size_t i = 0; i < denials_.size(); ++i)
    if (denials_[i].is_denial()) take(i);
  for (auto& [key, rule] : rules_) {
    for (auto& [perm, state] : rule.perms) state.allowed &= state.known;
    guard(rule);
  }
  obey_neverallows();
  out_.rules.reserve(rules_.size());
  for (auto at = rules_.begin(); at != rules_.end(); at = rules_.erase(at)) {
    settle(at->second);
    set_fate(at->second);
    out_.rules.push_back(std::move(at->second));
  }
  for (auto& [key, rule] : roles_) out_.roles.push_back(std::move(rule));
  return std::move(out_);
}

bool exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

/// …/SELINUXTYPE/policy/policy.33 has its file contexts at …/SELINUXTYPE/contexts/files/file_contexts.
std::string contexts_beside(const std::string& policy) {
  const std::size_t slash = policy.rfind("/policy/policy.");
  return slash == std::string::npos ? std::string() : policy.substr(0, slash) + "/contexts/files/file_contexts";
}

}  // namespace

SelinuxRules selinux_rules(const std::vector<Denial>& denials, Judges& judges) {
  return RuleMaker(denials, judges).make();
}

namespace {

bool any_selinux(const std::vector<Denial>& denials) {
  return std::any_of(denials.begin(), denials.end(), [](const Denial& d) { return d.by == Mechanism::kSelinux; });
}

/// Labels are looked up for whole paths alone.
bool any_path(const std::vector<Denial>& denials) {
  return std::any_of(denials.begin(), denials.end(), [](const Denial& denial) {
    return denial.by == Mechanism::kSelinux && std::any_of(denial.samples.begin(), denial.samples.end(),
                                                           [](const auto& s) { return s.path.substr(0, 1) == "/"; });
  });
}

/// To hash a policy takes as long as to read it: only where somebody keeps the answer.
Result<void> load_policy(const std::string& path, bool digest, Judges& judges, std::vector<std::string>& notes) {
  auto loaded = selinux::PolicyDb::load(path, digest);
  if (!loaded) return loaded.error();
  judges.policy = *std::move(loaded);
  notes.push_back("policy " + path + (digest ? " (SHA-256 " + judges.policy->digest() + ")" : ""));
  return {};
}

Result<void> load_neverallows(const std::string& named, const std::string& policy, Judges& judges,
                              std::vector<std::string>& notes) {
  auto rules = find_neverallows(named, policy, notes);
  if (!rules) return rules.error();
  judges.neverallows = *std::move(rules);
  return {};
}

Result<void> load_labels(const std::string& path, Judges& judges) {
  auto labels = selinux::Labels::open(path);
  if (!labels) return labels.error();
  judges.labels = *std::move(labels);
  return {};
}

}  // namespace

Result<Judges> find_judges(const JudgeFiles& files, const std::vector<Denial>& denials,
                           std::vector<std::string>& notes) {
  Judges judges;
  judges.root = files.root;
  std::string path = files.policy;
  if (path.empty() && !any_selinux(denials)) return judges;
  if (path.empty()) {
    if (const auto found = selinux::find_policy())
      path = *found;
    else
      notes.push_back("no SELinux policy on this host: rules are made without asking one; give it with -p");
  }
  if (!path.empty())
    if (const auto loaded = load_policy(path, files.digests, judges, notes); !loaded) return loaded.error();
  if (judges.policy && files.neverallows && any_selinux(denials))
    if (const auto loaded = load_neverallows(*files.neverallows, path, judges, notes); !loaded) return loaded.error();
  const std::string contexts = files.file_contexts.empty() ? contexts_beside(path) : files.file_contexts;
  if (contexts.empty() || (files.file_contexts.empty() && (!exists(contexts) || !any_path(denials)))) return judges;
  if (const auto loaded = load_labels(contexts, judges); !loaded) return loaded.error();
  return judges;
}

}  // namespace cordon::audit_tool
