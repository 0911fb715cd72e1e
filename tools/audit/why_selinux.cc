#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/text.h"
#include "remarks.h"
#include "selinux/guard.h"
#include "te_text.h"
#include "why.h"

namespace cordon::audit_tool {
namespace {

using selinux::Reason;
using selinux::ReasonKind;

struct MendRow {
  ReasonKind kind;
  std::string_view mend;
};
/// What helps against a reason that has no command of its own.
constexpr std::array kMends = std::to_array<MendRow>({
    {ReasonKind::kAllowed, "nothing: the policy asked allows it; it was changed since, or another one was loaded"},
    {ReasonKind::kNoRule, "if the access is right: cordon-audit allow -M NAME, then semodule -i NAME.pp"},
    {ReasonKind::kDontaudit, "it is denied in silence on purpose; allow it only if something does not work"},
    {ReasonKind::kPermissive, "nothing was blocked; make the domain enforcing (semanage permissive -d) to block it"},
    {ReasonKind::kBounds, "give the bounding type the permission too"},
    {ReasonKind::kRbac, "let the role change: allow SOURCE_ROLE TARGET_ROLE; or run it in a role that may"},
    {ReasonKind::kExtended, "an allowxperm rule for the command: cordon-audit allow -x"},
    {ReasonKind::kUnknownSource, "give the policy under which the log was written (-p)"},
    {ReasonKind::kUnknownTarget, "give the policy under which the log was written (-p)"},
    {ReasonKind::kUnknownClass, "give the policy under which the log was written (-p)"},
    {ReasonKind::kUnknownPerm, "give the policy under which the log was written (-p)"},
});

Cause cause_of(const Reason& reason) {
  Cause cause{std::string(selinux::name_of(reason.kind)), reason.words, reason.rules, {}};
  for (const auto& fix : reason.fixes) cause.mends.push_back(boolean_command(fix));
  if (reason.kind == ReasonKind::kConstraint) {
    PermissionState state;
    state.reasons.push_back(reason);
    cause.mends.push_back(constraint_advice(state));
  }
  for (const MendRow& row : kMends)
    if (row.kind == reason.kind) cause.mends.emplace_back(row.mend);
  return cause;
}

bool is_unknown(const Reason& reason) {
  return reason.kind == ReasonKind::kUnknownSource || reason.kind == ReasonKind::kUnknownTarget ||
         reason.kind == ReasonKind::kUnknownClass || reason.kind == ReasonKind::kUnknownPerm;
}

/// "label: text; mend: command" as a cause.
Cause cause_of_remark(const std::string& remark) {
  const std::size_t colon = remark.find(": "), mend = remark.find("; mend: ");
  Cause cause{
      remark.substr(0, colon), remark.substr(colon + 2, mend == std::string::npos ? mend : mend - colon - 2), {}, {}};
  if (mend != std::string::npos) cause.mends.push_back(remark.substr(mend + 8));
  return cause;
}

std::string type_text(const std::string& context) {
  const std::string_view type = selinux::type_of(context);
  return printable(type.empty() ? std::string_view(context) : type);
}

void add_guards(const AvOp& op, std::vector<Part>& parts) {
  for (const auto& hit : selinux::guard_hits(std::string(selinux::type_of(op.source)),
                                             std::string(selinux::type_of(op.target)), op.klass, op.perms))
    for (Part& part : parts)
      if (std::find(hit.perms.begin(), hit.perms.end(), part.what) != hit.perms.end())
        part.causes.push_back({"guard", "should not be allowed: " + hit.why, {}, {hit.instead}});
}

/// The log itself may say since when an access is allowed.
void add_since_when(const audit::Denial& denial, std::int64_t policy_loaded_ms, std::vector<Cause>& causes) {
  if (policy_loaded_ms == 0 || denial.tally.last_ms == 0) return;
  const bool since = policy_loaded_ms > denial.tally.last_ms;
  for (Cause& cause : causes)
    if (cause.kind == selinux::name_of(ReasonKind::kAllowed))
      cause.words += since ? "; a policy was loaded after the denial, " + time_text(policy_loaded_ms)
                           : "; no policy was loaded after the denial as far as the log goes";
}

void explain_by_policy(const audit::Denial& denial, const AvOp& op, const Judges& judges, Explained& out) {
  const auto explanation = judges.policy->explain(op.source, op.target, op.klass, op.perms);
  bool known = false;
  for (const auto& verdict : explanation.perms) {
    Part part{verdict.perm, {}};
    for (const Reason& reason : verdict.reasons) part.causes.push_back(cause_of(reason));
    const bool unknown = std::any_of(explanation.whole.begin(), explanation.whole.end(), is_unknown) ||
                         std::any_of(verdict.reasons.begin(), verdict.reasons.end(), is_unknown);
    known |= !unknown && !part.causes.empty();
    add_since_when(denial, judges.policy_loaded_ms, part.causes);
    if (unknown && out.fate.why.empty() && !part.causes.empty()) out.fate.why = part.causes.front().words;
    out.parts.push_back(std::move(part));
  }
  for (const std::uint32_t command : op.xperms) {
    if (denial.details.xperm_kind != "ioctl") break;
    const auto allowed =
        judges.policy->allows_ioctl(op.source, op.target, op.klass, static_cast<std::uint16_t>(command));
    for (Part& part : out.parts)
      if (allowed && !*allowed && part.what == "ioctl")
        part.causes.push_back(cause_of(
            {ReasonKind::kExtended, fmt::format("command {:#06x} is not among those allowed", command), {}, {}}));
  }
  out.fate.fate = known ? Fate::kFinding : Fate::kUnexplained;
}

Explained explain_error(const audit::Denial& denial, const Fact& fact, const DomainOp& op) {
  Explained out;
  out.title = fmt::format("{} -> {}: {}", type_text(fact.subject.domain), type_text(op.target), printable(op.act));
  out.lines = {"from " + printable(fact.subject.domain), "to " + printable(op.target)};
  const auto context = selinux::parse_context(op.target);
  Cause cause{
      "invalid_context",
      "the transition would make a context that is not valid: the role may not bear the type, or the user not the role",
      {},
      {}};
  if (op.act == "security_bounded_transition")
    cause = {"bounds", "no_new_privs or a nosuid mount allows only a transition to a bounded type", {}, {}};
  const std::string from = type_text(fact.subject.domain);
  if (context && op.act == "security_bounded_transition")
    cause.mends = {"typebounds " + from + " " + context->type + ";",
                   "allow " + from + " " + context->type + ":process2 { nnp_transition nosuid_transition };"};
  else if (context)
    cause.mends = {"role " + context->role + " types " + context->type + ";"};
  out.parts.push_back({"", {cause}});
  out.fate = {Fate::kFinding, cause.words};
  static_cast<void>(denial);
  return out;
}

}  // namespace

Explained explain_selinux(const audit::Denial& denial, const Judges& judges) {
  const Fact& fact = denial.facts.front();
  if (const auto* domain = std::get_if<DomainOp>(&fact.operation)) return explain_error(denial, fact, *domain);
  const auto& op = std::get<AvOp>(fact.operation);
  Explained out;
  out.title = fmt::format("{} -> {}:{} {{ {} }}", type_text(op.source), type_text(op.target), printable(op.klass),
                          printable(join(op.perms, " ")));
  out.lines = {"source " + printable(op.source), "target " + printable(op.target)};
  if (judges.policy) {
    explain_by_policy(denial, op, judges, out);
    add_guards(op, out.parts);
  } else {
    out.fate = {Fate::kUnexplained, "there is no policy to ask"};
  }
  Part whole;
  for (const std::string& remark : other_causes(denial, op, judges)) whole.causes.push_back(cause_of_remark(remark));
  if (!whole.causes.empty()) {
    out.fate.fate = Fate::kFinding;
    out.parts.push_back(std::move(whole));
  }
  return out;
}

}  // namespace cordon::audit_tool
