#include "seccomp/compile.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kEnosysReturn = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::size_t kTreeAbove = 32;  // runc's own threshold

struct ContextRelease {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, ContextRelease>;

Error refusal(int rc, std::string what, std::string pointer) {
  return Error{
      ErrorCode::kBadInput, std::move(what) + ": libseccomp says " + std::strerror(-rc), std::move(pointer), {}};
}

scmp_compare scmp_op(Compare op) {
  constexpr auto kOps = std::to_array<scmp_compare>(
      {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ});
  return kOps[static_cast<std::size_t>(op)];
}

// libseccomp's SCMP_ACT_* are the kernel's SECCOMP_RET_* (seccomp.h), so kernel_value serves for both.
static_assert(SCMP_ACT_ALLOW == SECCOMP_RET_ALLOW && SCMP_ACT_LOG == SECCOMP_RET_LOG &&
              SCMP_ACT_NOTIFY == SECCOMP_RET_USER_NOTIF && SCMP_ACT_KILL_PROCESS == SECCOMP_RET_KILL_PROCESS);

/// Whether a filter of ours can return it: only these two actions carry data (seccomp(2)).
bool is_return_value(std::uint32_t value) {
  const std::uint32_t action = value & SECCOMP_RET_ACTION_FULL;
  const bool known = describe_value(action) != "kill process" || action == SECCOMP_RET_KILL_PROCESS;
  return known && ((value & SECCOMP_RET_DATA) == 0 || action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE);
}

/// libseccomp writes the program in the target's byte order, but for the returns that it repeats where a jump would be
/// too long: those it swaps twice (gen_bpf.c, _gen_bpf_build_jmp_ret; 2.5.4). On a machine of that order it swaps none.
void to_host_order(BpfProgram& program) {
  for (sock_filter& insn : program) {
    const std::uint32_t as_it_stands = insn.k;
    insn.code = __builtin_bswap16(insn.code);
    insn.k = __builtin_bswap32(insn.k);
    if (insn.code == (BPF_RET | BPF_K) && !is_return_value(insn.k) && is_return_value(as_it_stands))
      insn.k = as_it_stands;
  }
}

Result<Context> make_context(const Profile& profile, Arch host) {
  Context context(seccomp_init(kernel_value(profile.default_action, profile.default_errno_ret)));
  if (!context) return Error{ErrorCode::kBadInput, "libseccomp refuses the default action", "/defaultAction", {}};
  seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0);
  const std::uint32_t host_token = arch_info(host).scmp_token;
  if (host_token != seccomp_arch_native()) {
    seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE);
    seccomp_arch_add(context.get(), host_token);
  }
  for (const Arch arch : profile.architectures) {
    const int rc = seccomp_arch_add(context.get(), arch_info(arch).scmp_token);
    if (rc < 0 && rc != -EEXIST)
      return refusal(
          rc,
          "cannot filter " + std::string(arch_info(arch).oci_name) + " beside " + std::string(arch_info(host).oci_name),
          "/architectures");
  }
  return context;
}

Result<void> add_set(void* context, const SyscallRule& rule, const std::string& name,
                     const std::vector<ArgCondition>& conditions) {
  std::vector<scmp_arg_cmp> compares;
  for (const ArgCondition& c : conditions) compares.push_back({c.index, scmp_op(c.op), c.value, c.value_two});
  const int number = seccomp_syscall_resolve_name(name.c_str());
  const int rc = seccomp_rule_add_array(context, kernel_value(rule.action, rule.errno_ret), number,
                                        static_cast<unsigned>(compares.size()), compares.data());
  if (rc < 0 && rc != -EEXIST) return refusal(rc, "the rule for " + name + " cannot be compiled", rule.pointer);
  return {};
}

Result<void> add_rule(void* context, const SyscallRule& rule, const Profile& profile,
                      std::vector<std::string>& ignored) {
  if (rule.errno_ret && !carries_errno(rule.action))
    return Error{ErrorCode::kBadInput,
                 "errnoRet on " + std::string(oci_name(rule.action)) + ", which returns no errno",
                 rule.pointer + "/errnoRet",
                 {}};
  if (kernel_value(rule.action, rule.errno_ret) == kernel_value(profile.default_action, profile.default_errno_ret))
    return {};  // both runtimes skip a rule that says what the default says
  for (const std::string& name : rule.names) {
    if (!is_known_name(name)) {
      ignored.push_back(name);
      continue;
    }
    for (const auto& set : condition_sets(rule))
      if (auto ok = add_set(context, rule, name, set); !ok) return ok;
  }
  return {};
}

Result<BpfProgram> exported(void* context, Arch host) {
  UniqueFd fd(memfd_create("cordon-bpf", MFD_CLOEXEC));
  if (!fd) return errno_error(errno, "cannot make a memory file");
  if (const int rc = seccomp_export_bpf(context, fd.get()); rc < 0) return refusal(rc, "cannot export the filter", {});
  const off_t size = lseek(fd.get(), 0, SEEK_END);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (pread(fd.get(), bytes.data(), bytes.size(), 0) != size) return errno_error(errno, "cannot read the filter back");
  if (!is_big_endian(host)) return bpf_from_bytes(bytes, "/syscalls");
  BpfProgram program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  to_host_order(program);
  return bpf_from_bytes(bpf_bytes(program), "/syscalls");
}

std::size_t name_count(const Profile& profile) {
  std::size_t count = 0;
  for (const SyscallRule& rule : profile.rules) count += rule.names.size();
  return count;
}

sock_filter jump(std::uint16_t op, std::uint32_t k, std::uint8_t jt, std::uint8_t jf) {
  return {static_cast<std::uint16_t>(BPF_JMP | op | BPF_K), jt, jf, k};
}

/// One arch's part of the prologue. It must behave as runc's does; it need not be the same instructions.
void append_stub(BpfProgram& out, const StubLimit& limit) {
  const bool x86 = limit.arch == Arch::kX86_64 || limit.arch == Arch::kX32;
  const bool s390 = limit.arch == Arch::kS390x;
  BpfProgram body = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)}};
  const sock_filter stop = {BPF_RET | BPF_K, 0, 0, kEnosysReturn};
  if (s390) {  // number 0 is the multiplexer of calls that the kernel does not know
    body.push_back(jump(BPF_JEQ, 0, 0, 1));
    body.push_back(stop);
  }
  if (x86) body.push_back(limit.arch == Arch::kX32 ? jump(BPF_JSET, kX32Bit, 0, 2) : jump(BPF_JSET, kX32Bit, 2, 0));
  body.push_back(jump(BPF_JGT, limit.largest, 0, 1));
  body.push_back(stop);
  out.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, arch)});
  out.push_back(jump(BPF_JEQ, arch_info(limit.arch).audit_arch, 0, static_cast<std::uint8_t>(body.size())));
  out.insert(out.end(), body.begin(), body.end());
}

Result<void> check_defaults(const Profile& profile) {
  if (profile.default_action == Action::kNotify)
    return Error{ErrorCode::kBadInput, "SCMP_ACT_NOTIFY cannot be the default action", "/defaultAction", {}};
  if (profile.default_errno_ret && !carries_errno(profile.default_action))
    return Error{
        ErrorCode::kBadInput, "defaultErrnoRet on a default action that returns no errno", "/defaultErrnoRet", {}};
  return {};
}

Result<Compiled> compiled(const Profile& profile, Runtime runtime, Arch host, bool tree) {
  if (auto ok = check_defaults(profile); !ok) return ok.error();
  auto context = make_context(profile, host);
  if (!context) return context.error();
  // libseccomp up to 2.5.4 misbehaves with a tree of no rules; runc asks for the tree by the number of its rules.
  if (tree && name_count(profile) > 0) seccomp_attr_set(context->get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  Compiled out;
  for (const SyscallRule& rule : profile.rules) {
    const bool notify_write = runtime == Runtime::kRunc && rule.action == Action::kNotify &&
                              std::find(rule.names.begin(), rule.names.end(), "write") != rule.names.end();
    if (notify_write) return Error{ErrorCode::kBadInput, "runc refuses SCMP_ACT_NOTIFY for write", rule.pointer, {}};
    if (auto ok = add_rule(context->get(), rule, profile, out.ignored); !ok) return ok.error();
  }
  auto program = exported(context->get(), host);
  if (!program) return program.error();
  if (runtime == Runtime::kRunc)
    for (const StubLimit& limit : stub_limits(profile)) append_stub(out.program, limit);
  out.program.insert(out.program.end(), program->begin(), program->end());
  if (auto ok = check_bpf(out.program); !ok) return ok.error();
  return out;
}

}  // namespace

std::string_view runtime_name(Runtime runtime) {
  constexpr auto kNames = std::to_array<std::string_view>({"plain", "crun", "runc"});
  return kNames[static_cast<std::size_t>(runtime)];
}

std::vector<std::vector<ArgCondition>> condition_sets(const SyscallRule& rule) {
  std::array<int, 6> uses{};
  for (const ArgCondition& condition : rule.args) ++uses.at(condition.index);
  const bool repeated = std::any_of(uses.begin(), uses.end(), [](int n) { return n > 1; });
  if (!repeated) return {rule.args};
  std::vector<std::vector<ArgCondition>> sets;
  for (const ArgCondition& condition : rule.args) sets.push_back({condition});
  return sets;
}

std::vector<Arch> filtered_arches(const Profile& profile, Arch host) {
  std::vector<Arch> arches = {host};
  for (const Arch arch : profile.architectures)
    if (std::find(arches.begin(), arches.end(), arch) == arches.end()) arches.push_back(arch);
  return arches;
}

Result<Compiled> compile(const Profile& profile, Runtime runtime, Arch host) {
  return compiled(profile, runtime, host, runtime == Runtime::kRunc && name_count(profile) > kTreeAbove);
}

Result<Compiled> compile_tree(const Profile& profile, Arch host) {
  return compiled(profile, Runtime::kPlain, host, true);
}

std::vector<StubLimit> stub_limits(const Profile& profile) {
  const Action action = profile.default_action;
  if (action == Action::kAllow || action == Action::kLog || action == Action::kTrace) return {};
  std::vector<StubLimit> limits;
  for (const Arch arch : profile.architectures) {
    StubLimit limit{arch, 0};
    for (const SyscallRule& rule : profile.rules)
      for (const std::string& name : rule.names)
        limit.largest = std::max(limit.largest, static_cast<std::uint32_t>(std::max(0, resolved_number(arch, name))));
    const bool seen = std::any_of(limits.begin(), limits.end(), [&](const StubLimit& l) { return l.arch == arch; });
    if (limit.largest != 0 && !seen) limits.push_back(limit);
  }
  return limits;
}

}  // namespace cordon::seccomp
