#include "selinux/decider.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "policy/needs.h"
#include "selinux/demand.h"
#include "selinux/link.h"
#include "selinux/resolve.h"

namespace cordon::selinux {
namespace {

class SelinuxDecider final : public Decider {
 public:
  SelinuxDecider(PolicyDb policy, Labels labels, Labels module_labels, std::string domain, std::string context,
                 const std::map<std::string, std::string>& peers, const Module& module,
                 const std::vector<ContainerMount>& mounts)
      : policy_(std::move(policy)),
        labels_(std::move(labels)),
        module_labels_(std::move(module_labels)),
        domain_(std::move(domain)),
        context_(std::move(context)),
        resolver_(policy_, labels_, module_labels_, domain_) {
    resolver_.names_peers(peers);
    resolver_.knows(module.types);
    if (auto view = container_view_of(module, domain_, mounts)) resolver_.looks_into(std::move(*view));
  }

  void prepare(const std::vector<Fact>& facts) override;
  Decision decide(const Fact& fact) override;

 private:
  void demand(const Demand& demand, Decision& out);
  bool is_own_socket(const Demand& demand) const;
  void new_object(const Demand& demand, Resolved& target, Decision& out);
  std::string context_of(const Demand& demand, const Resolved& target) const;
  Decision decide_vector(const AvOp& op) const;
  void deny(Decision& out, const std::string& source, const std::string& target, const std::string& klass,
            const std::vector<std::string>& perms) const;

  PolicyDb policy_;
  Labels labels_;
  Labels module_labels_;
  std::string domain_;
  std::string context_;
  Resolver resolver_;
  bool prepared_ = false;
};

void worsen(Decision& out, Ruling ruling, const std::string& why) {
  if (out.ruling == Ruling::kAllowed || (out.ruling == Ruling::kCannotTell && ruling == Ruling::kDenied)) {
    out.ruling = ruling;
    out.why = why;
  } else if (out.ruling == ruling && out.why.find(why) == std::string::npos && out.why.size() < 1000) {
    out.why += "; " + why;
  }
  if (ruling == Ruling::kDenied) out.by = "no rule";
}

std::string vector_text(const std::string& source, const std::string& target, const std::string& klass,
                        const std::vector<std::string>& perms) {
  return fmt::format("{} {}:{} {{ {} }}", type_of(source), type_of(target), klass, join(perms, " "));
}

void SelinuxDecider::deny(Decision& out, const std::string& source, const std::string& target, const std::string& klass,
                          const std::vector<std::string>& perms) const {
  const Explanation explained = policy_.explain(source, target, klass, perms);
  for (const PermissionVerdict& perm : explained.perms) {
    if (perm.allowed) continue;
    const std::string why = perm.reasons.empty() ? "" : perm.reasons.front().words;
    worsen(out, Ruling::kDenied, fmt::format("{}: {}", vector_text(source, target, klass, {perm.perm}), why));
  }
}

std::string SelinuxDecider::context_of(const Demand& demand, const Resolved& target) const {
  if (target.type == domain_) return context_;
  const std::string range = policy_.mls() ? ":" + (target.range.empty() ? "s0" : target.range) : "";
  if (demand.target.kind == TargetKind::kKernel) return policy_.initial_context("kernel").value_or("");
  if (demand.target.kind == TargetKind::kContext) return demand.target.text;
  const bool process = demand.target.kind == TargetKind::kPeer || demand.target.kind == TargetKind::kSocketPeer;
  // A new object takes the user of who makes it (security_transition_sid); what lies there is labelled by the system's.
  if (demand.creates) return context_.substr(0, context_.find(':')) + ":object_r:" + target.type + range;
  return (process ? "system_u:system_r:" : "system_u:object_r:") + target.type + range;
}

/// A new object's label is what the transition gives it, whatever the file contexts say of its name.
void SelinuxDecider::new_object(const Demand& demand, Resolved& target, Decision& out) {
  const std::string& path = demand.target.text;
  const std::size_t slash = path.find_last_of('/');
  const std::string parent = slash == 0 ? "/" : path.substr(0, slash);
  const Resolved& directory = resolver_.path(parent, FileKind::kDirectory);
  const auto made = policy_.new_type(domain_, directory.type, demand.klass, path.substr(slash + 1));
  if (!made || *made == target.type) return;
  target.type = *made;
  const std::string object = context_of(demand, target);
  if (const auto filesystem = policy_.fs_context("ext4"))
    if (!policy_.allows(object, *filesystem, "filesystem", "associate").value_or(true))
      deny(out, object, *filesystem, "filesystem", {"associate"});
}

/// A socket without a file that the module lets its domain reach in itself: it would not, had the program not made it.
bool SelinuxDecider::is_own_socket(const Demand& demand) const {
  return !prepared_ && demand.target.kind == TargetKind::kSocketPeer && demand.target.text.starts_with('@') &&
         policy_.allows(context_, context_, demand.klass, demand.perms.front()).value_or(false);
}

void SelinuxDecider::demand(const Demand& demand, Decision& out) {
  Resolved target = resolver_.target(demand.target);
  if (demand.creates && !target.type.empty() && demand.target.text.size() > 1) new_object(demand, target, out);
  if (target.type.empty() && is_own_socket(demand))
    target = {domain_, {}, {}, "the program itself listens at " + printable(demand.target.text)};
  if (target.type.empty()) return worsen(out, Ruling::kCannotTell, target.why);
  const std::string object = context_of(demand, target);
  std::vector<std::string> refused;
  for (const std::string& perm : demand.perms) {
    const auto allowed = policy_.allows(context_, object, demand.klass, perm);
    if (allowed && *allowed) continue;
    const bool unknown = !allowed && !policy_.has_perm(demand.klass, perm);
    if (unknown && policy_.handle_unknown() == "allow") continue;
    if (!allowed && !unknown)
      return worsen(out, Ruling::kCannotTell, fmt::format("{} is not a context of this policy", object));
    refused.push_back(perm);
  }
  const std::string& last = demand.perms.back();
  if (demand.extended && refused.empty() &&
      !policy_.allows_extended(context_, object, demand.klass, last, *demand.extended).value_or(true))
    return worsen(out, Ruling::kDenied,
                  fmt::format("{}: not the {} {:#06x}", vector_text(context_, object, demand.klass, {last}),
                              last == "ioctl" ? "command" : "message", *demand.extended));
  if (!refused.empty()) return deny(out, context_, object, demand.klass, refused);
  if (out.ruling != Ruling::kAllowed) return;
  out.by = "allow " + vector_text(context_, object, demand.klass, demand.perms);
  if (!target.assumed.empty()) out.why = "assuming that " + target.assumed;
}

Decision SelinuxDecider::decide_vector(const AvOp& op) const {
  Decision out{Ruling::kAllowed, "allow " + vector_text(op.source, op.target, op.klass, op.perms), {}};
  const Explanation explained = policy_.explain(op.source, op.target, op.klass, op.perms);
  if (!explained.whole.empty()) return {Ruling::kCannotTell, {}, explained.whole.front().words};
  if (!explained.allowed) deny(out, op.source, op.target, op.klass, op.perms);
  for (std::uint32_t number : op.xperms)
    if (op.perms.size() == 1 &&
        !policy_.allows_extended(op.source, op.target, op.klass, op.perms[0], static_cast<std::uint16_t>(number))
             .value_or(true))
      worsen(out, Ruling::kDenied,
             fmt::format("not the {} {:#06x}", op.perms[0] == "ioctl" ? "command" : "message", number));
  return out;
}

void SelinuxDecider::prepare(const std::vector<Fact>& facts) {
  prepared_ = true;
  for (const Fact& fact : facts)
    if (const auto* op = std::get_if<UnixOp>(&fact.operation); op != nullptr && op->act == SocketAct::kBind)
      resolver_.listens_at(op->address);
}

Decision SelinuxDecider::decide(const Fact& fact) {
  if (const auto* vector = std::get_if<AvOp>(&fact.operation)) return decide_vector(*vector);
  const auto operation = needed_operation(fact);
  if (!operation) return {Ruling::kAllowed, "nothing is needed", "mode bits refused before SELinux was asked"};
  const Demands demands = demands_of(
      *operation, [this](std::string_view klass) { return policy_.has_class(klass); }, policy_.messages_by_type());
  if (demands.all.empty() && demands.untold.empty()) return {Ruling::kNotApplicable, {}, "SELinux is not asked"};
  Decision out{Ruling::kAllowed, {}, {}};
  for (const Demand& one : demands.all) demand(one, out);
  if (!demands.untold.empty()) worsen(out, Ruling::kCannotTell, demands.untold);
  return out;
}

/// A context in which the domain can run in this policy.
std::optional<std::string> run_context(const PolicyDb& policy, const Module& module, const std::string& domain) {
  const std::string range = policy.mls() ? ":s0" : "";
  std::vector<std::string> roles = {"system_r", "unconfined_r"};
  for (const auto& [role, type] : module.role_types)
    if (type == domain) roles.push_back(role);
  for (const std::string& role : roles)
    for (const char* user : {"system_u", "unconfined_u", "root", "user_u", "staff_u", "sysadm_u"}) {
      const std::string context = fmt::format("{}:{}:{}{}", user, role, domain, range);
      if (policy.is_valid_context(context)) return context;
    }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> domain_of(const Module& module) {
  std::map<std::string, std::size_t> rules;
  for (const auto& [role, type] : module.role_types) rules[type];
  for (const auto& [access, perms] : module.rules)
    if (const auto found = rules.find(access.source); found != rules.end()) ++found->second;
  const auto most =
      std::max_element(rules.begin(), rules.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == rules.end() ? std::nullopt : std::optional(most->first);
}

Result<std::unique_ptr<Decider>> make_decider(PolicyDb policy, Labels labels, Module module, Diagnostics& diagnostics,
                                              const std::map<std::string, std::string>& peers,
                                              const std::vector<ContainerMount>& mounts) {
  const auto domain = domain_of(module);
  if (!domain)
    return Error{ErrorCode::kBadInput,
                 "the module gives no role a domain, so nothing can run under it",
                 {},
                 "to check rules for domains of the policy, verify a log: cordon-check --verify LOG"};
  auto own = Labels::of_module(module.contexts, policy.mls());
  if (!own) return own.error();
  if (auto linked = link_module(policy, module, diagnostics); !linked) return linked.error();
  auto context = run_context(policy, module, *domain);
  if (!context)
    return Error{
        ErrorCode::kBadInput, fmt::format("no user and role of the policy can run {}", *domain), policy.where(), {}};
  return std::unique_ptr<Decider>(std::make_unique<SelinuxDecider>(
      std::move(policy), std::move(labels), std::move(*own), *domain, std::move(*context), peers, module, mounts));
}

}  // namespace cordon::selinux
