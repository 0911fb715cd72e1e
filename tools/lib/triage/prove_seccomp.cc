#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/fd.h"
#include "base/text.h"
#include "facts/describe.h"
#include "kernel/syscalls.h"
#include "seccomp/compile.h"
#include "seccomp/decide.h"
#include "seccomp/read.h"
#include "seccomp/reference.h"
#include "triage/fill.h"
#include "triage/instance.h"
#include "triage/prove_profile.h"

namespace cordon::triage {
namespace {

using seccomp::Profile;
using seccomp::Runtime;

constexpr std::size_t kMaxProfile = std::size_t{16} << 20;
constexpr Runtime kRuntimes[] = {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc};

class SeccompProver final : public Prover {
 public:
  SeccompProver(std::string path, std::string digest, Profile profile)
      : path_(std::move(path)), digest_(std::move(digest)), profile_(std::move(profile)) {}

  std::map<std::string, std::string> inputs() const override { return {{path_, digest_}}; }
  void propose(Finding&) override {}
  void explain(Finding& finding) override;
  bool prove(const Finding& finding, Fix& fix) override;

 private:
  std::uint64_t answered(const Finding& finding, const Profile& profile, std::uint32_t wanted) const;
  Excess opened(const Finding& finding, const seccomp::SyscallRule& rule) const;
  void name_profile(Fix& fix) const;

  std::string path_, digest_;
  Profile profile_;
};

/// What the profile makes of the call under each runtime; empty if it cannot be compiled or the call has no number.
std::set<std::uint32_t> answers(const Profile& profile, const SyscallOp& op) {
  std::set<std::uint32_t> values;
  const auto number = op.name.empty() ? std::optional(op.number) : syscall_number(op.arch, op.name);
  if (!number) return values;
  seccomp::Call call;
  call.arch = op.arch;
  call.number = static_cast<std::uint32_t>(*number);
  for (const auto& arg : op.args) call.args[arg.index] = arg.value;
  for (const auto runtime : kRuntimes) {
    const auto compiled = seccomp::compile(profile, runtime);
    if (!compiled) return {};
    values.insert(seccomp::run_bpf(compiled->program, seccomp::data_of(call)).value);
  }
  return values;
}

std::string words(const std::set<std::uint32_t>& values) {
  std::string out;
  for (const auto value : values) out += (out.empty() ? "" : " or ") + seccomp::describe_value(value);
  return out;
}

void SeccompProver::explain(Finding& finding) {
  for (const auto& shape : finding.shapes) {
    const auto* op = std::get_if<SyscallOp>(&shape.merged.operation);
    if (op == nullptr || shape.merged.verdict.by != Mechanism::kSeccomp) continue;
    const auto values = answers(profile_, *op);
    if (!values.empty())
      finding.reasons.push_back({describe(shape.merged.operation), "the profile given answers: " + words(values)});
  }
}

/// The denials that the profile answers with `wanted`, under every runtime.
std::uint64_t SeccompProver::answered(const Finding& finding, const Profile& profile, std::uint32_t wanted) const {
  std::uint64_t count = 0;
  for (const auto& shape : finding.shapes) {
    const auto* op = std::get_if<SyscallOp>(&shape.merged.operation);
    if (op == nullptr || shape.merged.verdict.by != Mechanism::kSeccomp) continue;
    if (answers(profile, *op) == std::set<std::uint32_t>{wanted}) count += shape.count;
  }
  return count;
}

/// What the rule allows beyond the calls that were denied; a rule that looked at arguments before no longer does.
Excess SeccompProver::opened(const Finding& finding, const seccomp::SyscallRule& rule) const {
  Excess excess{true, 0, "syscalls", {}};
  if (rule.action != seccomp::Action::kAllow) return excess;
  const auto denied = denied_syscalls(finding);
  for (const auto& name : rule.names) {
    if (std::find(denied.begin(), denied.end(), name) == denied.end()) excess.what.push_back(name);
    const bool conditional = std::any_of(profile_.rules.begin(), profile_.rules.end(), [&](const auto& known) {
      return !known.args.empty() && std::find(known.names.begin(), known.names.end(), name) != known.names.end();
    });
    if (conditional) excess.what.push_back(name + " with any arguments");
  }
  excess.count = excess.what.size();
  return excess;
}

/// The commands name the profile by a variable: here it is known.
void SeccompProver::name_profile(Fix& fix) const {
  for (auto* lines : {&fix.commands, &fix.undo})
    if (!lines->empty()) lines->insert(lines->begin(), "PROFILE=" + shell_quote(path_));
}

bool SeccompProver::prove(const Finding& finding, Fix& fix) {
  if (fix.kind != FixKind::kSeccompAllow || !fix.with.contains("syscalls")) return false;
  seccomp::SyscallRule rule;
  for (const auto name : split(fix.with.at("syscalls"), ' ')) rule.names.emplace_back(name);
  const bool as_error = fix.with.contains("errno");
  if (as_error) {
    rule.action = seccomp::Action::kErrno;
    rule.errno_ret = parse_number<std::uint32_t>(fix.with.at("errno"));
  }
  Profile changed = profile_;
  // A call that rules name already would get both answers: the fix takes the place of the rules for these names.
  for (auto& known : changed.rules)
    std::erase_if(known.names, [&](const auto& name) {
      return std::find(rule.names.begin(), rule.names.end(), name) != rule.names.end();
    });
  std::erase_if(changed.rules, [](const auto& known) { return known.names.empty(); });
  changed.rules.push_back(rule);
  const auto wanted = seccomp::kernel_value(rule.action, rule.errno_ret);
  if (answered(finding, profile_, wanted) == finding.count) {
    fix.proof.how = "not tried: the profile given answers so already; the log was made with another one";
    return true;
  }
  name_profile(fix);
  fix.proof.of = finding.count;
  fix.proof.fixed = answered(finding, changed, wanted);
  fix.proof.status = fix.proof.fixed == 0               ? ProofStatus::kRefuted
                     : fix.proof.fixed == finding.count ? ProofStatus::kProven
                                                        : ProofStatus::kPartial;
  fix.proof.how =
      "the filter was made with the rule as crun, runc and libseccomp make it, and each call run through it";
  fix.excess = opened(finding, rule);
  return true;
}

}  // namespace

Result<std::unique_ptr<Prover>> seccomp_prover(const std::string& profile, Diagnostics& diagnostics) {
  auto text = read_file(profile, kMaxProfile);
  if (!text) return text.error();
  auto read = seccomp::read_profile(*text, profile, diagnostics);
  if (!read) return read.error();
  seccomp::Host host;
  host.caps = seccomp::default_caps();
  return std::unique_ptr<Prover>(new SeccompProver(profile, sha256_hex(*text), seccomp::resolved(read->profile, host)));
}

}  // namespace cordon::triage
