#include "seccomp/decide.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "kernel/syscalls.h"
#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

/// Each comparison of a raw program as a condition on argument 0..5: their values are the classes' boundaries.
std::vector<CallRule> constants_of(const BpfProgram& program) {
  constexpr std::size_t kMaxConstants = 256;
  std::vector<CallRule> out;
  std::optional<std::uint32_t> argument;
  for (const sock_filter& insn : program) {
    if (insn.code == (BPF_LD | BPF_W | BPF_ABS)) {
      argument = std::nullopt;
      if (insn.k >= offsetof(seccomp_data, args)) argument = (insn.k - offsetof(seccomp_data, args)) / 8;
    }
    if (!argument || BPF_CLASS(insn.code) != BPF_JMP || out.size() >= kMaxConstants) continue;
    out.push_back({SECCOMP_RET_ALLOW, {{*argument, Compare::kEq, insn.k, 0}}, {}});
  }
  return out;
}

std::optional<std::uint32_t> number_of(const SyscallOp& op) {
  if (op.name.empty()) return op.number < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(op.number));
  if (const auto number = number_on(op.arch, op.name)) return static_cast<std::uint32_t>(*number);
  if (const auto number = syscall_number(op.arch, op.name)) return static_cast<std::uint32_t>(*number);
  return std::nullopt;
}

/// Puts what the fact says of an argument over a vector's own bits.
Call with_facts(const SyscallOp& op, std::uint32_t number, const std::array<std::uint64_t, 6>& vector) {
  Call call{op.arch, number, vector};
  for (const ArgPredicate& arg : op.args)
    if (arg.index < 6) call.args.at(arg.index) = (call.args.at(arg.index) & ~arg.mask) | (arg.value & arg.mask);
  return call;
}

/// The positions that the fact settles: every condition on them looks only at bits that the fact holds.
std::map<std::uint32_t, std::uint64_t> settled(const SyscallOp& op, const std::vector<CallRule>& rules) {
  std::map<std::uint32_t, std::uint64_t> out;
  for (const ArgPredicate& arg : op.args) {
    const auto beyond = [&](const ArgCondition& c) {
      return c.index == arg.index && (c.op != Compare::kMaskedEq || (c.value & ~arg.mask) != 0);
    };
    const bool open = std::any_of(rules.begin(), rules.end(), [&](const CallRule& rule) {
      return std::any_of(rule.conditions.begin(), rule.conditions.end(), beyond);
    });
    if (!open && arg.index < 6) out.emplace(arg.index, arg.value & arg.mask);
  }
  return out;
}

Decision decision(Ruling ruling, std::string by, std::string why) { return {ruling, std::move(by), std::move(why)}; }

}  // namespace

bool lets_pass(std::uint32_t value) {
  const std::uint32_t action = value & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

std::vector<Runtime> runtimes_of(Platform platform) {
  switch (platform) {
    case Platform::kDocker:
    case Platform::kPodman:
    case Platform::kKubernetes:
    case Platform::kEcs: return {Runtime::kCrun, Runtime::kRunc};
    default: return {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc};
  }
}

Result<void> FilterDecider::add_profile(const Profile& profile, const std::string& where,
                                        const std::vector<Runtime>& runtimes, Arch host) {
  for (const Runtime runtime : runtimes) {
    auto compiled = compile(profile, runtime, host);
    if (!compiled) {
      Error error = compiled.error();
      error.where = where + (error.where.empty() ? "" : ": " + error.where);
      return error;
    }
    const std::string as =
        runtime == Runtime::kPlain ? "" : " as " + std::string(runtime_name(runtime)) + " compiles it";
    filters_.push_back(
        {where, as, std::move(compiled->program), std::make_shared<Reference>(profile, runtime, host), {}});
  }
  return {};
}

void FilterDecider::add_program(BpfProgram program, const std::string& where) {
  auto constants = constants_of(program);
  filters_.push_back({where, "", std::move(program), nullptr, std::move(constants)});
}

void FilterDecider::fall_back(std::shared_ptr<const Data> data, bool always) {
  fallbacks_ = std::move(data);
  always_falls_back_ = always;
}

Decision FilterDecider::decide(const Fact& fact) {
  const auto* op = std::get_if<SyscallOp>(&fact.operation);
  if (op == nullptr) return decision(Ruling::kNotApplicable, "", "seccomp sees system calls only");
  return decide(*op);
}

Decision FilterDecider::decide(const SyscallOp& op) {
  if (const auto known = decided_.find(op); known != decided_.end()) return known->second;
  Decision result = decision(Ruling::kCannotTell, "", "no profile was read");
  for (const Filter& filter : filters_) {
    result = decide_in(filter, op);
    if (result.ruling != Ruling::kAllowed) break;
  }
  decided_.emplace(op, result);
  return result;
}

Decision FilterDecider::decide_in(const Filter& filter, const SyscallOp& op) const {
  const auto number = number_of(op);
  if (!number)
    return decision(Ruling::kCannotTell, "",
                    "no number is known for " + op.name + " on " + std::string(arch_info(op.arch).name));
  const auto& rules = filter.reference ? filter.reference->rules_of(op.arch, *number) : filter.constants;
  std::optional<std::uint32_t> passed;
  std::optional<std::uint32_t> denied;
  Call witness;
  for (const auto& vector : argument_classes(rules, settled(op, rules))) {
    const Call call = with_facts(op, *number, vector);
    const std::uint32_t value = run_bpf(filter.program, data_of(call)).value;
    if (!passed || !lets_pass(value)) witness = call;
    (lets_pass(value) ? passed : denied) = value;
    if (passed && denied) break;
  }
  std::string by = filter.where;
  if (filter.reference) {
    const Answer answer = filter.reference->ask(witness);
    by += answer.pointers.empty() ? " (no rule)" : ": " + answer.pointers.front();
  }
  if (passed && denied)
    return decision(Ruling::kCannotTell, by, "it depends on an argument that the fact does not hold" + filter.runtime);
  if (denied) {
    auto refused = decision(Ruling::kDenied, by, "the filter" + filter.runtime + " does " + describe_value(*denied));
    return *denied == (SECCOMP_RET_ERRNO | ENOSYS) ? decide_fallback(filter, op, std::move(refused)) : refused;
  }
  return decision(Ruling::kAllowed, by, "");
}

Decision FilterDecider::decide_fallback(const Filter& filter, const SyscallOp& op, Decision denied) const {
  if (op.name != kClone3 || fallbacks_ == nullptr) return denied;
  const FallbackRow* row = known_fallback(op, *fallbacks_);
  if (row == nullptr && !always_falls_back_) return denied;
  Decision out = decide_in(filter, fallback_call(op));
  const std::string caller = row == nullptr ? "who calls it is taken to fall back" : row->caller + " falls back";
  if (out.ruling == Ruling::kAllowed)
    out.remark = "answered ENOSYS; " + caller + " to clone, which is granted with these flags";
  else
    out.why = "answered ENOSYS; " + caller + " to clone, of which " + out.why;
  return out;
}

}  // namespace cordon::seccomp
