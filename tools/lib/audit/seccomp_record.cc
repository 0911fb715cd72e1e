#include "audit/decode.h"
#include "base/text.h"
#include "kernel/names.h"
#include "kernel/syscalls.h"

namespace cordon::audit {
namespace {

using std::string_view;

/// linux/seccomp.h: the action's part of a filter's return value, and what goes with it.
constexpr std::uint32_t kActionMask = 0xffff0000;
constexpr std::uint32_t kRetErrno = 0x00050000;
constexpr std::uint32_t kRetLog = 0x7ffc0000;
constexpr std::uint32_t kRetAllow = 0x7fff0000;

std::optional<std::uint32_t> hex(string_view text) {
  if (text.substr(0, 2) == "0x") text.remove_prefix(2);
  return parse_number<std::uint32_t>(text, 16);
}

/// "c000003e", or the name that ausearch -i puts there.
std::optional<Arch> arch_of(const DecisionRecord& from, std::int64_t number) {
  const std::string text = value_of(from, "arch");
  if (const auto token = hex(text)) return arch_from_audit(*token, number);
  return arch_from_name(text);
}

/// code= came with Linux 4.14's actions; before it only kills were logged.
Verdict verdict_of(std::uint32_t action) {
  Verdict verdict;
  verdict.by = Mechanism::kSeccomp;
  switch (action & kActionMask) {
    case kRetLog: verdict.outcome = Outcome::kWouldDeny; break;
    case kRetAllow: verdict.outcome = Outcome::kAllowed; break;
    default: verdict.outcome = Outcome::kDenied; break;
  }
  if ((action & kActionMask) == kRetErrno) verdict.error = errno_name(static_cast<int>(action & 0xfff));
  return verdict;
}

/// Calls of newer kernels than ours have names too.
bool can_name_a_call(std::string_view word) {
  return word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

}  // namespace

std::optional<Denial> decode_seccomp(const DecisionRecord& from) {
  Denial denial;
  denial.by = Mechanism::kSeccomp;
  const std::string call = value_of(from, "syscall");
  const auto number = parse_number<std::int32_t>(call);
  const auto arch = arch_of(from, number.value_or(0));
  denial.details.action = hex(value_of(from, "code")).value_or(0);
  denial.details.number = number.value_or(-1);
  denial.details.arch = value_of(from, "arch");
  Fact fact;
  fact.verdict = verdict_of(denial.details.action);
  denial.outcome = fact.verdict.outcome;
  if (call.empty() || !arch) {
    denial.problem = call.empty() ? "the record has no syscall=" : "the record's arch= is not one that we know";
    return denial;
  }
  if (!can_name_a_call(call) && !number) {
    denial.problem = "the record's syscall= is neither a number nor a call's name";
    return denial;
  }
  SyscallOp op;
  op.arch = *arch;
  op.name = number ? std::string(syscall_name(*arch, *number)) : call;
  if (op.name.empty()) op.number = *number;
  fact.subject.exe = subject_exe(from);
  if (fact.subject.exe.empty()) fact.subject.comm = subject_comm(from);
  fact.subject.container = value_of(from, "container");
  fact.subject.domain = value_of(from, "subj");
  fact.operation = std::move(op);
  denial.facts.push_back(std::move(fact));
  return denial;
}

}  // namespace cordon::audit
