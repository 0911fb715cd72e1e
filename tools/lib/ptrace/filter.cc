#include "ptrace/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <map>

#include "kernel/syscalls.h"

namespace cordon {
namespace {

constexpr std::size_t kMaxInstructions = 4096;  // linux/bpf_common.h BPF_MAXINSNS

sock_filter statement(std::uint16_t code, std::uint32_t k) { return {code, 0, 0, k}; }
sock_filter jump(std::uint16_t code, std::uint32_t k, std::uint8_t yes, std::uint8_t no) { return {code, yes, no, k}; }

sock_filter load(std::size_t offset) { return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

std::uint32_t offset_of_half(unsigned index, bool high) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  high = !high;
#endif
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * 8 + (high ? 4 : 0));
}

/// One 32-bit half of a predicate: three instructions, the last of which leaves the block if it does not hold.
void append_half(std::vector<sock_filter>& block, const ArgPredicate& predicate, bool high) {
  const auto mask = static_cast<std::uint32_t>(high ? predicate.mask >> 32 : predicate.mask);
  const auto value = static_cast<std::uint32_t>(high ? predicate.value >> 32 : predicate.value);
  if (mask == 0) return;
  block.push_back(load(offset_of_half(predicate.index, high)));
  block.push_back(statement(BPF_ALU | BPF_AND | BPF_K, mask));
  block.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, value & mask, 0, 0));
}

/// "If the number and all predicates match: allow", as one block; a miss jumps behind it.
std::vector<sock_filter> allow_block(std::int32_t number, const SyscallOp& call) {
  std::vector<sock_filter> block{load(offsetof(seccomp_data, nr)),
                                 jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 0)};
  for (const ArgPredicate& predicate : call.args) {
    append_half(block, predicate, true);
    append_half(block, predicate, false);
  }
  block.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  for (std::size_t i = 0; i < block.size(); ++i)
    if (BPF_CLASS(block[i].code) == BPF_JMP) block[i].jf = static_cast<std::uint8_t>(block.size() - i - 1);
  return block;
}

using ByAuditArch = std::map<std::uint32_t, std::vector<sock_filter>>;

ByAuditArch blocks_of(const std::vector<SyscallOp>& known) {
  ByAuditArch by_arch;
  std::size_t total = 8;
  for (const SyscallOp& call : known) {
    const auto number = call.name.empty() ? std::optional(call.number) : syscall_number(call.arch, call.name);
    if (!number) continue;
    const std::vector<sock_filter> block = allow_block(*number, call);
    if (total + block.size() + 4 > kMaxInstructions) break;
    total += block.size() + 4;
    std::vector<sock_filter>& all = by_arch[arch_info(call.arch).audit_arch];
    all.insert(all.end(), block.begin(), block.end());
  }
  return by_arch;
}

}  // namespace

std::vector<sock_filter> recorder_filter(FilterAction action, const std::vector<SyscallOp>& known) {
  const std::uint32_t verdict = action == FilterAction::kTrace ? SECCOMP_RET_TRACE : SECCOMP_RET_USER_NOTIF;
  std::vector<sock_filter> program;
  for (const auto& [audit_arch, blocks] : blocks_of(known)) {
    program.push_back(load(offsetof(seccomp_data, arch)));
    program.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, audit_arch, 1, 0));
    program.push_back(statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(blocks.size())));
    program.insert(program.end(), blocks.begin(), blocks.end());
  }
  program.push_back(statement(BPF_RET | BPF_K, verdict));
  return program;
}

int install_filter(const std::vector<sock_filter>& program, unsigned flags, bool& needed_no_new_privs) {
  const sock_fprog description{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  needed_no_new_privs = false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &description);
    // Sandboxes and emulators that know the older way only; it takes no flags.
    if (result < 0 && errno == ENOSYS && flags == 0) result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &description);
    if (result >= 0) return static_cast<int>(result);
    if (errno != EACCES || needed_no_new_privs) break;
    needed_no_new_privs = true;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) break;
  }
  return -errno;
}

}  // namespace cordon
