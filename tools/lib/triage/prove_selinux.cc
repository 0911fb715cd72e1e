#include "triage/prove_selinux.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/fd.h"
#include "base/text.h"
#include "selinux/context.h"
#include "selinux/dontaudit.h"
#include "selinux/guard.h"
#include "selinux/labels.h"
#include "selinux/policydb.h"
#include "triage/fill.h"
#include "triage/fold.h"
#include "triage/instance.h"
#include "triage/selinux_requests.h"
#include "triage/suggest_type.h"

namespace cordon::triage {
namespace {

using selinux::PolicyDb;
using selinux::ReasonKind;

constexpr std::size_t kListed = 8;
constexpr std::size_t kMaxBooleanFixes = 4;

/// Reasons that an allow rule takes away.
bool rule_helps(ReasonKind kind) {
  return kind == ReasonKind::kNoRule || kind == ReasonKind::kBoolean || kind == ReasonKind::kDontaudit ||
         kind == ReasonKind::kExtended || kind == ReasonKind::kPermissive || kind == ReasonKind::kAllowed;
}

class SelinuxProver final : public Prover {
 public:
  SelinuxProver(PolicyDb policy, std::optional<selinux::Labels> labels, std::map<std::string, std::uint64_t> patterns)
      : policy_(std::move(policy)), hidden_by_(policy_), labels_(std::move(labels)), patterns_(std::move(patterns)) {}

  std::map<std::string, std::string> inputs() const override {
    std::map<std::string, std::string> out{{policy_.where(), policy_.digest()}};
    if (labels_) out[labels_->where()] = labels_->digest();
    return out;
  }

  void explain(Finding& finding) override;
  void propose(Finding& finding) override;
  bool prove(const Finding& finding, Fix& fix) override;

 private:
  using Change = std::function<std::optional<AvOp>(const Request&)>;

  bool allowed(const AvOp& av) const {
    return std::all_of(av.perms.begin(), av.perms.end(), [&](const auto& perm) {
      return policy_.allows(av.source, av.target, av.klass, perm).value_or(false);
    });
  }
  const selinux::Explanation& explained(const std::string& source, const std::string& target, const std::string& klass,
                                        const std::vector<std::string>& perms) const;
  std::optional<std::string> expected_context(const Request& request) const;
  void count_fixed(const Finding& finding, Fix& fix, const std::function<bool(const Request&)>& fixed) const;
  void settle(Fix& fix, std::string how) const;
  void count_opened(const Finding& finding, Fix& fix, const std::function<std::string(const Request&)>& context) const;
  void prove_relabel(const Finding& finding, Fix& fix);
  void prove_boolean(const Finding& finding, Fix& fix);
  void prove_port(const Finding& finding, Fix& fix);
  void prove_module(const Finding& finding, Fix& fix);
  bool refuse_guarded(const Finding& finding, Fix& fix);
  void explain_permissions(Finding& finding);
  void tell_hidden(Finding& finding) const;
  void propose_relabel(Finding& finding);
  bool is_mislabelled(const Finding& finding) const;  ///< the file contexts give another type than the log has
  void propose_booleans(Finding& finding);
  void fill_port(Finding& finding);
  std::string port_type_for(const Finding& finding, const std::string& perm) const;

  PolicyDb policy_;
  selinux::DontauditCounts hidden_by_;
  mutable std::unordered_map<std::string, selinux::Explanation> explained_;  ///< the same question is asked per fix
  std::optional<selinux::Labels> labels_;
  std::map<std::string, std::uint64_t> patterns_;  ///< type → lines of the file contexts that give it
};

const selinux::Explanation& SelinuxProver::explained(const std::string& source, const std::string& target,
                                                     const std::string& klass,
                                                     const std::vector<std::string>& perms) const {
  constexpr std::size_t kMaxKept = 2'000;
  auto key = source + '\0' + target + '\0' + klass + '\0' + join(perms, " ");
  if (const auto known = explained_.find(key); known != explained_.end()) return known->second;
  if (explained_.size() >= kMaxKept) explained_.clear();
  return explained_.emplace(std::move(key), policy_.explain(source, target, klass, perms)).first->second;
}

std::optional<std::string> SelinuxProver::expected_context(const Request& request) const {
  if (!labels_ || request.path.empty()) return std::nullopt;
  return labels_->lookup(request.path, kind_of_class(request.av.klass));
}

/// What a constraint denies is told beside the rule's own title: no allow rule can lift it.
void note_constraint(Finding& finding, const selinux::PermissionVerdict& verdict) {
  constexpr std::string_view kNote =
      "A constraint of the policy (users, roles or levels) denies it: no allow rule can lift that";
  if (!verdict.has(ReasonKind::kConstraint)) return;
  if (std::find(finding.also.begin(), finding.also.end(), kNote) == finding.also.end())
    finding.also.emplace_back(kNote);
}

/// dontaudit rules hide further denials of the same domain: a fix may uncover, not cause, the next failure.
void SelinuxProver::tell_hidden(Finding& finding) const {
  const auto view = view_of(lead_shape(finding));
  const auto type = view.first(Field::kSourceType);
  const auto rules = hidden_by_.of(type);
  if (rules == 0) return;
  finding.reasons.push_back(
      {std::string(type),
       "the policy hides further denials of this domain by " + counted(rules, "dontaudit rule") +
           ": if the program still fails, `semodule -DB` shows them and `semodule -B` hides them again"});
}

void SelinuxProver::explain(Finding& finding) {
  explain_permissions(finding);
  if (!requests_of(finding).empty()) tell_hidden(finding);
}

void SelinuxProver::explain_permissions(Finding& finding) {
  constexpr std::size_t kMaxReasons = 200;
  std::set<std::string> told;
  for (const auto& shape : requests_of(finding)) {
    const auto& av = shape.front().av;
    const auto& explanation = explained(av.source, av.target, av.klass, av.perms);
    const auto what =
        fmt::format("{} → {} : {}", split_context(av.source).type, split_context(av.target).type, av.klass);
    for (const auto& reason : explanation.whole)
      if (told.insert(what + reason.words).second) finding.reasons.push_back({what, reason.words});
    for (const auto& perm : explanation.perms) {
      note_constraint(finding, perm);
      for (const auto& reason : perm.reasons) {
        if (finding.reasons.size() >= kMaxReasons) return;
        const auto row = what + " { " + perm.perm + " }";
        if (told.insert(row + reason.words).second) finding.reasons.push_back({row, reason.words});
      }
    }
  }
}

/// The label that the file contexts give, where it differs: worth a try whatever the rule is.
void SelinuxProver::propose_relabel(Finding& finding) {
  const bool has_one = std::any_of(finding.fixes.begin(), finding.fixes.end(), [](const Fix& fix) {
    return fix.kind == FixKind::kRelabel && fix.with.contains("type") && fix.with.at("type") == "expected";
  });
  if (has_one || !labels_ || finding.severity == Severity::kAttack) return;
  for (const auto& shape : requests_of(finding))
    for (const auto& request : shape) {
      const auto expected = expected_context(request);
      if (!is_file_class(request.av.klass) || !expected) continue;
      if (selinux::type_of(*expected) == split_context(request.av.target).type) continue;
      Fix fix;
      fix.kind = FixKind::kRelabel;
      fix.title = "Give " + fill("{path}", {{"path", request.path}}, Quote::kText).value_or("it") +
                  " the label that the file contexts say";
      fix.commands = {"restorecon -RFv -- " + shell_quote(request.path)};
      fix.undo = {"chcon -R -t " + shell_quote(split_context(request.av.target).type) + " -- " +
                  shell_quote(request.path)};
      fix.with["type"] = "expected";
      fix.below = request.path;
      fix.reversal = Reversal::kExact;
      fix.rule = "policy";
      finding.fixes.push_back(std::move(fix));
      return;
    }
}

bool SelinuxProver::is_mislabelled(const Finding& finding) const {
  for (const auto& shape : requests_of(finding))
    for (const auto& request : shape)
      if (const auto expected = expected_context(request);
          expected && selinux::type_of(*expected) != split_context(request.av.target).type)
        return true;
  return false;
}

std::string setting_words(const std::vector<selinux::BooleanSetting>& settings) {
  std::string out;
  for (const auto& one : settings) out += (out.empty() ? "" : " ") + one.name + "=" + (one.on ? "on" : "off");
  return out;
}

void SelinuxProver::propose_booleans(Finding& finding) {
  if (finding.severity == Severity::kAttack) return;
  std::map<std::vector<selinux::BooleanSetting>, std::size_t> found;
  for (const auto& shape : requests_of(finding)) {
    const auto& av = shape.front().av;
    const auto& explanation = explained(av.source, av.target, av.klass, av.perms);
    for (const auto& perm : explanation.perms)
      for (const auto& reason : perm.reasons)
        for (const auto& fix : reason.fixes) found.emplace(fix.set, fix.opens);
  }
  std::vector<std::pair<std::size_t, std::vector<selinux::BooleanSetting>>> order;
  for (const auto& [set, opens] : found) order.emplace_back(opens, set);
  std::sort(order.begin(), order.end());
  if (order.size() > kMaxBooleanFixes) order.resize(kMaxBooleanFixes);
  for (const auto& [opens, set] : order) {
    Fix fix;
    fix.kind = FixKind::kBoolean;
    fix.title = "Set " + setting_words(set);
    fix.commands = {"setsebool -P " + setting_words(set)};
    auto back = set;
    for (auto& one : back) one.on = !one.on;
    fix.undo = {"setsebool -P " + setting_words(back)};
    fix.with["set"] = setting_words(set);
    fix.excess = {true, opens, "allow rules", {}};
    fix.reversal = Reversal::kExact;
    fix.rule = "policy";
    finding.fixes.push_back(std::move(fix));
  }
}

/// A port type that the source may use, by preference one named after the service.
std::string SelinuxProver::port_type_for(const Finding& finding, const std::string& perm) const {
  const auto& shape = lead_shape(finding);
  const auto* av = std::get_if<AvOp>(&shape.merged.operation);
  if (av == nullptr) return {};
  const auto source = split_context(av->source).type;
  const auto stem = source.substr(0, source.rfind('_'));
  std::string best;
  for (const auto& type : policy_.types_of("port_type")) {
    if (!policy_.allows(av->source, with_type(av->target, type), av->klass, perm).value_or(false)) continue;
    const bool named = type.find(stem) != std::string::npos || (stem == "httpd" && type == "http_port_t");
    if (named) return type;
    if (best.empty() && type.find("unreserved") == std::string::npos && type.find("ephemeral") == std::string::npos)
      best = type;
  }
  return best;
}

void SelinuxProver::fill_port(Finding& finding) {
  const auto& shape = lead_shape(finding);
  const auto view = view_of(shape);
  const auto perm = view.of(Field::kPerm).empty() ? std::string() : view.of(Field::kPerm).front();
  const bool is_port = perm == "name_bind" || perm == "name_connect";
  if (!is_port || view.first(Field::kPort).empty() || view.first(Field::kProtocol).empty()) return;
  const auto type = port_type_for(finding, perm);
  if (type.empty()) return;
  const std::string port(view.first(Field::kPort)), protocol(view.first(Field::kProtocol));
  Fix fix;
  fix.kind = FixKind::kPort;
  fix.title = fmt::format("Give {} port {} the type {}", protocol, port, type);
  fix.commands = {
      fmt::format("semanage port -a -t {} -p {} {}", shell_quote(type), shell_quote(protocol), shell_quote(port))};
  fix.undo = {fmt::format("semanage port -d -p {} {}", shell_quote(protocol), shell_quote(port))};
  fix.with["type"] = type;
  fix.reversal = Reversal::kExact;
  fix.rule = "policy";
  finding.fixes.push_back(std::move(fix));
}

void SelinuxProver::propose(Finding& finding) {
  propose_relabel(finding);
  if (!is_mislabelled(finding))
    for (auto& fix : suggest_types(policy_, finding)) finding.fixes.push_back(std::move(fix));
  propose_booleans(finding);
  fill_port(finding);
}

void SelinuxProver::count_fixed(const Finding& finding, Fix& fix,
                                const std::function<bool(const Request&)>& fixed) const {
  fix.proof.of = finding.count;
  fix.proof.fixed = 0;
  for (const auto& shape : requests_of(finding))
    if (std::all_of(shape.begin(), shape.end(), fixed)) fix.proof.fixed += reached(*shape.front().shape, fix.below);
}

void SelinuxProver::settle(Fix& fix, std::string how) const {
  fix.proof.status = fix.proof.fixed == 0              ? ProofStatus::kRefuted
                     : fix.proof.fixed == fix.proof.of ? ProofStatus::kProven
                                                       : ProofStatus::kPartial;
  fix.proof.how = std::move(how);
}

/// What the source gets on the objects beyond what was denied, once they bear another context.
void SelinuxProver::count_opened(const Finding& finding, Fix& fix,
                                 const std::function<std::string(const Request&)>& context) const {
  std::set<std::string> opened;
  for (const auto& shape : requests_of(finding)) {
    const auto& request = shape.front();
    const auto target = context(request);
    if (target.empty()) continue;
    for (const auto& perm : policy_.perms_of(request.av.klass)) {
      if (std::find(request.av.perms.begin(), request.av.perms.end(), perm) != request.av.perms.end()) continue;
      const bool before = policy_.allows(request.av.source, request.av.target, request.av.klass, perm).value_or(false);
      const bool after = policy_.allows(request.av.source, target, request.av.klass, perm).value_or(false);
      if (!before && after)
        opened.insert(fmt::format("{} {}:{} {}", split_context(request.av.source).type, split_context(target).type,
                                  request.av.klass, perm));
    }
  }
  fix.excess = {true, opened.size(), "access vectors", {opened.begin(), opened.end()}};
  if (fix.excess.what.size() > kListed) fix.excess.what.resize(kListed);
}

void SelinuxProver::prove_relabel(const Finding& finding, Fix& fix) {
  const auto level = fix.with.contains("level") ? fix.with.at("level") : std::string();
  const auto type = fix.with.contains("type") ? fix.with.at("type") : std::string();
  if (type == "expected" && !labels_) {
    fix.proof.how = "not tried: no file contexts were given";
    return;
  }
  if (!level.empty() || type == "expected" || policy_.has_type(type)) {
    const auto context = [&](const Request& request) -> std::string {
      if (!level.empty()) return with_level(request.av.target, level);
      return type == "expected" ? expected_context(request).value_or("") : with_type(request.av.target, type);
    };
    count_fixed(finding, fix, [&](const Request& request) {
      const auto target = context(request);
      return !target.empty() && allowed({request.av.source, target, request.av.klass, request.av.perms, {}, {}});
    });
    count_opened(finding, fix, context);
    const auto requests = requests_of(finding);
    const auto shown = requests.empty() ? std::string() : context(requests.front().front());
    return settle(fix, shown.empty()
                           ? "the file contexts give these paths no label"
                           : fmt::format("libsepol was asked for each sample with the object labelled {}", shown));
  }
  fix.proof.status = ProofStatus::kRefuted;
  fix.proof.how = fmt::format("the policy has no type {}", type.empty() ? "for it" : type);
}

void SelinuxProver::prove_boolean(const Finding& finding, Fix& fix) {
  const auto wanted =
      fix.with.contains("set") ? fix.with.at("set") : fix.with.at("boolean") + "=" + fix.with.at("value");
  const auto booleans = policy_.booleans();
  if (!fix.with.contains("set")) {
    const auto& name = fix.with.at("boolean");
    const bool known = std::any_of(booleans.begin(), booleans.end(), [&](const auto& one) { return one.name == name; });
    if (!known) {
      fix.proof.status = ProofStatus::kRefuted;
      fix.proof.how = "the policy has no boolean " + name;
      return;
    }
  }
  std::size_t opens = 0;
  count_fixed(finding, fix, [&](const Request& request) {
    const auto& explanation = explained(request.av.source, request.av.target, request.av.klass, request.av.perms);
    for (const auto& perm : explanation.perms) {
      if (perm.allowed) continue;
      bool fixed = false;
      for (const auto& reason : perm.reasons) {
        if (!rule_helps(reason.kind)) return false;
        for (const auto& option : reason.fixes)
          if (setting_words(option.set) == wanted) {
            fixed = true;
            opens = std::max(opens, option.opens);
          }
      }
      if (!fixed) return false;
    }
    return true;
  });
  if (fix.proof.fixed != 0) fix.excess = {true, opens, "allow rules", {}};
  settle(fix, "the policy's conditional rules were evaluated with " + wanted);
}

void SelinuxProver::prove_port(const Finding& finding, Fix& fix) {
  const auto type = fix.with.contains("type") ? fix.with.at("type") : std::string();
  if (type.empty() || !policy_.has_type(type)) return;
  const auto context = [&](const Request& request) { return with_type(request.av.target, type); };
  count_fixed(finding, fix, [&](const Request& request) {
    return allowed({request.av.source, context(request), request.av.klass, request.av.perms, {}, {}});
  });
  count_opened(finding, fix, context);
  settle(fix, "libsepol was asked with the port's type " + type);
}

bool SelinuxProver::refuse_guarded(const Finding& finding, Fix& fix) {
  for (const auto& shape : requests_of(finding)) {
    const auto& av = shape.front().av;
    const auto hits = selinux::guard_hits(std::string(split_context(av.source).type),
                                          std::string(split_context(av.target).type), av.klass, av.perms);
    if (hits.empty()) continue;
    fix.proof.status = ProofStatus::kRefused;
    fix.proof.how = hits.front().why + (hits.front().instead.empty() ? "" : " " + hits.front().instead);
    return true;
  }
  return false;
}

void SelinuxProver::prove_module(const Finding& finding, Fix& fix) {
  if (refuse_guarded(finding, fix)) return;
  std::set<std::string> kept;
  std::size_t known = 0;
  count_fixed(finding, fix, [&](const Request& request) {
    const auto& explanation = explained(request.av.source, request.av.target, request.av.klass, request.av.perms);
    if (!explanation.whole.empty()) kept.insert(explanation.whole.front().words);
    known += explanation.whole.empty();
    bool helps = explanation.whole.empty();
    for (const auto& perm : explanation.perms)
      for (const auto& reason : perm.reasons)
        if (!perm.allowed && !rule_helps(reason.kind)) {
          helps = false;
          kept.insert(reason.words);
        }
    return helps;
  });
  if (known == 0 && !kept.empty()) {
    fix.proof.how = "not tried: " + *kept.begin();
    return;
  }
  std::uint64_t wider = 0;
  bool counted = true;
  std::set<std::string> what;
  for (const auto& shape : requests_of(finding)) {
    const auto& av = shape.front().av;
    if (!is_file_class(av.klass)) continue;
    const auto type = std::string(split_context(av.target).type);
    counted = counted && labels_.has_value();
    const auto at = patterns_.find(type);
    wider += std::max<std::uint64_t>(at == patterns_.end() ? 0 : at->second, 1) * av.perms.size();
    what.insert(fmt::format("every {} labelled {}", av.klass, type));
  }
  fix.excess = {counted, wider, "access vectors", {what.begin(), what.end()}};
  if (fix.excess.what.size() > kListed) fix.excess.what.resize(kListed);
  settle(fix, kept.empty() ? "libsepol gives no reason but the missing rule"
                           : "an allow rule cannot lift this: " + *kept.begin());
}

bool SelinuxProver::prove(const Finding& finding, Fix& fix) {
  if (requests_of(finding).empty()) return false;
  switch (fix.kind) {
    case FixKind::kRelabel:
      if (fix.with.contains("program") || fix.with.empty()) return false;
      prove_relabel(finding, fix);
      return true;
    case FixKind::kBoolean: prove_boolean(finding, fix); return true;
    case FixKind::kPort: prove_port(finding, fix); return !fix.proof.how.empty();
    case FixKind::kModule: prove_module(finding, fix); return true;
    default: return false;
  }
}

/// How many lines of the file contexts give each type: what a rule for the type reaches.
std::map<std::string, std::uint64_t> count_patterns(const std::string& text) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto line : split(text, '\n')) {
    const auto blank = line.find_last_of(" \t");
    if (blank == line.npos || line.starts_with("#")) continue;
    const auto type = split_context(line.substr(blank + 1)).type;
    if (!type.empty()) ++counts[std::string(type)];
  }
  return counts;
}

}  // namespace

Result<std::unique_ptr<Prover>> selinux_prover(const std::string& policy, const std::string& file_contexts) {
  auto db = PolicyDb::load(policy);
  if (!db) return db.error();
  std::optional<selinux::Labels> labels;
  std::map<std::string, std::uint64_t> patterns;
  if (!file_contexts.empty()) {
    auto opened = selinux::Labels::open(file_contexts);
    if (!opened) return opened.error();
    labels = std::move(*opened);
    const auto text = read_file(file_contexts, std::size_t{64} << 20);
    if (!text) return text.error();
    patterns = count_patterns(*text);
  }
  return std::unique_ptr<Prover>(new SelinuxProver(std::move(*db), std::move(labels), std::move(patterns)));
}

}  // namespace cordon::triage
