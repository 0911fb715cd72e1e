#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "selinux/boolean.h"
#include "selinux/constraint.h"
#include "selinux/policydb_impl.h"

namespace cordon::selinux {
namespace {

struct Request {
  const PolicyDb::Impl& impl;
  const context_struct_t& source;
  const context_struct_t& target;
  const class_datum_t& klass;
  std::string source_type;
  std::string target_type;
  std::string class_name;
  std::vector<MatchedRule> allow;
  std::vector<MatchedRule> auditdeny;
};

std::string role_name(const policydb_t& db, std::uint32_t value) { return db.sym_val_to_name[SYM_ROLES][value - 1]; }

/// Which part of a context this policy does not know.
std::string what_is_unknown(const PolicyDb& policy, const std::string& text) {
  const auto context = parse_context(text);
  if (!context) return fmt::format("\"{}\" is not a context of the form user:role:type:range", text);
  if (!policy.has_user(context->user)) return fmt::format("the user {} is unknown to this policy", context->user);
  if (!policy.has_role(context->role)) return fmt::format("the role {} is unknown to this policy", context->role);
  if (!policy.has_type(context->type)) return fmt::format("the type {} is unknown to this policy", context->type);
  if (policy.mls() == context->range.empty())
    return fmt::format("the context {} has {} range, and this policy {} MLS", text, context->range.empty() ? "no" : "a",
                       policy.mls() ? "has" : "has no");
  return fmt::format("the combination of user, role, type and range in {} is not valid in this policy", text);
}

std::vector<MatchedRule> covering(const std::vector<MatchedRule>& rules, std::uint32_t bit, bool enabled) {
  std::vector<MatchedRule> out;
  for (const MatchedRule& rule : rules)
    if ((rule.data & bit) != 0 && rule.enabled == enabled) out.push_back(rule);
  return out;
}

std::vector<std::string> texts(const Request& request, const std::vector<MatchedRule>& rules) {
  std::vector<std::string> out;
  for (const MatchedRule& rule : rules) out.push_back(request.impl.rule_text(rule));
  std::sort(out.begin(), out.end());
  return out;
}

Reason type_enforcement(const Request& request, std::uint32_t bit, const std::string& perm) {
  const auto disabled = covering(request.allow, bit, false);
  Reason reason;
  if (!disabled.empty()) {
    reason.kind = ReasonKind::kBoolean;
    reason.fixes = boolean_fixes(request.impl, disabled);
    reason.rules = texts(request, disabled);
    reason.words = "a boolean is set against it";
    return reason;
  }
  reason.words =
      fmt::format("no rule allows {} {}:{} {}", request.source_type, request.target_type, request.class_name, perm);
  return reason;
}

void add_dontaudit(const Request& request, std::uint32_t bit, PermissionVerdict& out) {
  std::vector<MatchedRule> hiding;
  for (const MatchedRule& rule : request.auditdeny)
    if (rule.enabled && (rule.data & bit) == 0) hiding.push_back(rule);
  if (hiding.empty()) return;
  out.reasons.push_back(
      {ReasonKind::kDontaudit, "a dontaudit rule keeps this denial out of the log", texts(request, hiding), {}});
}

void add_constraints(const Request& request, std::uint32_t bit, PermissionVerdict& out) {
  for (const Unmet& unmet : unmet_constraints(request.impl, request.klass, bit, request.source, request.target))
    out.reasons.push_back({ReasonKind::kConstraint, join(unmet.words, "; "), {unmet.statement}, {}});
}

bool role_allowed(const policydb_t& db, std::uint32_t from, std::uint32_t to) {
  for (const role_allow_t* rule = db.role_allow; rule != nullptr; rule = rule->next)
    if (rule->role == from && rule->new_role == to) return true;
  return false;
}

void add_rbac(const Request& request, std::uint32_t bit, PermissionVerdict& out) {
  const policydb_t& db = request.impl.db;
  if (request.klass.s.value != db.process_class || (bit & db.process_trans_dyntrans) == 0) return;
  if (request.source.role == request.target.role) return;
  if (role_allowed(db, request.source.role, request.target.role)) return;
  const std::string from = role_name(db, request.source.role);
  const std::string to = role_name(db, request.target.role);
  out.reasons.push_back({ReasonKind::kRbac,
                         fmt::format("the role {} may not change to {}", from, to),
                         {fmt::format("allow {} {};", from, to)},
                         {}});
}

bool covered(const std::vector<MatchedRule>& rules, std::uint32_t bit) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const MatchedRule& rule) { return rule.enabled && (rule.data & bit) != 0; });
}

void add_bounds(const Request& request, std::uint32_t bit, PermissionVerdict& out) {
  const auto& types = request.impl.db.type_val_to_struct;
  const std::uint32_t parent = types[request.source.type - 1]->bounds;
  if (parent == 0) return;
  const std::uint32_t outer = types[request.target.type - 1]->bounds;
  const std::uint32_t target = outer == 0 ? request.target.type : outer;
  const auto rules = request.impl.match(parent, target, request.klass.s.value, AVTAB_ALLOWED);
  if (covered(rules, bit)) return;
  out.reasons.push_back({ReasonKind::kBounds,
                         fmt::format("{} is bounded by {}, which lacks the permission", request.source_type,
                                     request.impl.type_name(parent)),
                         {fmt::format("typebounds {} {};", request.impl.type_name(parent), request.source_type)},
                         {}});
}

/// By the four things that libsepol asks too, each for this permission alone; a test holds the two together. libsepol
/// puts every constraint of the class in words for each answer, which costs more than all that is done here.
PermissionVerdict judge(const Request& request, const std::string& perm, bool permissive) {
  PermissionVerdict out{perm, false, {}};
  const std::uint32_t bit = request.impl.perm_bit(request.klass, perm);
  if (bit == 0) {
    out.reasons.push_back({ReasonKind::kUnknownPerm,
                           fmt::format("the class {} has no permission {} in this policy", request.class_name, perm),
                           {},
                           {}});
    return out;
  }
  if (!covered(request.allow, bit)) out.reasons.push_back(type_enforcement(request, bit, perm));
  add_constraints(request, bit, out);
  add_rbac(request, bit, out);
  add_bounds(request, bit, out);
  out.allowed = out.reasons.empty();
  if (out.allowed) {
    out.reasons.push_back(
        {ReasonKind::kAllowed, "a rule allows it", texts(request, covering(request.allow, bit, true)), {}});
    return out;
  }
  add_dontaudit(request, bit, out);
  if (permissive)
    out.reasons.push_back(
        {ReasonKind::kPermissive, request.source_type + " is permissive: logged, not enforced", {}, {}});
  return out;
}

void all_denied(Explanation& out, const std::vector<std::string>& perms) {
  for (const std::string& perm : perms) out.perms.push_back({perm, false, out.whole});
}

}  // namespace

std::string_view name_of(ReasonKind kind) {
  static constexpr std::string_view kNames[] = {
      "allowed",        "no_rule",       "boolean",           "dontaudit", "constraint",
      "rbac",           "bounds",        "permissive",        "extended",  "unknown_source",
      "unknown_target", "unknown_class", "unknown_permission"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool PermissionVerdict::has(ReasonKind kind) const {
  return std::any_of(reasons.begin(), reasons.end(), [&](const Reason& reason) { return reason.kind == kind; });
}

Explanation PolicyDb::explain(const std::string& source, const std::string& target, const std::string& klass,
                              const std::vector<std::string>& perms) const {
  Explanation out;
  const auto s = impl_->sid(source);
  const auto t = impl_->sid(target);
  const class_datum_t* datum = impl_->klass(klass);
  if (!s) out.whole.push_back({ReasonKind::kUnknownSource, what_is_unknown(*this, source), {}, {}});
  if (!t) out.whole.push_back({ReasonKind::kUnknownTarget, what_is_unknown(*this, target), {}, {}});
  if (datum == nullptr)
    out.whole.push_back(
        {ReasonKind::kUnknownClass, fmt::format("the class {} is unknown to this policy", klass), {}, {}});
  if (!out.whole.empty()) {
    all_denied(out, perms);
    return out;
  }
  const context_struct_t* from = sepol_sidtab_search(&impl_->sids, *s);
  const context_struct_t* to = sepol_sidtab_search(&impl_->sids, *t);
  Request request{*impl_, *from, *to, *datum, impl_->type_name(from->type), impl_->type_name(to->type), klass, {}, {}};
  for (MatchedRule& rule : impl_->match(from->type, to->type, datum->s.value, AVTAB_ALLOWED | AVTAB_AUDITDENY))
    ((rule.key.specified & AVTAB_ALLOWED) != 0 ? request.allow : request.auditdeny).push_back(rule);
  out.permissive = ebitmap_get_bit(&impl_->db.permissive_map, from->type) != 0;
  for (const std::string& perm : perms) out.perms.push_back(judge(request, perm, out.permissive));
  out.allowed = std::all_of(out.perms.begin(), out.perms.end(), [](const auto& perm) { return perm.allowed; });
  return out;
}

std::optional<bool> PolicyDb::allows_extended(const std::string& source, const std::string& target,
                                              const std::string& klass, const std::string& perm,
                                              std::uint16_t number) const {
  const auto plain = allows(source, target, klass, perm);
  if (!plain || !*plain) return plain;
  const context_struct_t* from = impl_->context(source);
  const context_struct_t* to = impl_->context(target);
  const auto rules = impl_->match(from->type, to->type, impl_->klass(klass)->s.value, AVTAB_XPERMS_ALLOWED);
  const std::uint8_t one = perm == "ioctl" ? std::uint8_t{AVTAB_XPERMS_IOCTLFUNCTION} : kXpermsMessage;
  const std::uint8_t driver = static_cast<std::uint8_t>(number >> 8);
  const std::uint8_t function = static_cast<std::uint8_t>(number & 0xff);
  bool any = false;
  for (const MatchedRule& rule : rules) {
    const avtab_extended_perms_t* extended = rule.node->datum.xperms;
    if (!rule.enabled || extended == nullptr) continue;
    any = true;
    if (extended->specified == AVTAB_XPERMS_IOCTLDRIVER && perm == "ioctl" && xperm_test(driver, extended->perms))
      return true;
    if (extended->specified == one && extended->driver == driver && xperm_test(function, extended->perms)) return true;
  }
  return !any;
}

}  // namespace cordon::selinux
