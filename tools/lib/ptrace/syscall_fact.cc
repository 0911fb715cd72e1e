#include "ptrace/syscall_fact.h"

#include <algorithm>

#include "kernel/syscalls.h"
#include "ptrace/memory.h"

namespace cordon {

Arch arch_of_call(std::uint32_t audit_arch, std::uint64_t number) {
  static const std::uint32_t native = arch_info(native_arch()).audit_arch;
  if (audit_arch == native && (number & 0x40000000) == 0) return native_arch();
  return arch_from_audit(audit_arch, static_cast<std::int64_t>(number)).value_or(native_arch());
}

std::optional<std::uint64_t> clone3_flags(pid_t tid, const Call& call) {
  struct {
    std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size;
  } args{};
  constexpr std::size_t kFirstSize = 64;  // CLONE_ARGS_SIZE_VER0: without set_tid
  const std::size_t size = std::min<std::uint64_t>(call.args[1], sizeof args);
  if (size < kFirstSize || read_memory(tid, call.args[0], &args, size) != size || args.set_tid_size != 0)
    return std::nullopt;
  return args.flags;
}

ActionKey syscall_key(const Call& call, bool with_arguments) {
  ActionKey key{call.subject, what_of(Act::kSyscall, static_cast<std::uint32_t>(call.arch)),
                static_cast<std::uint64_t>(call.number), 0, 0};
  if (!with_arguments) return key;
  if (call.clone_flags) {
    key.b = *call.clone_flags;
    key.c = 1;
    return key;
  }
  const PolicyPositions& positions = call.row->positions;
  std::uint64_t words[3]{};
  for (unsigned i = 0; i < positions.count && i < 3; ++i)
    words[i] = call.args[positions.at[i].index] & positions.at[i].mask;
  key.b = words[0] | words[1] << 32;
  key.c = words[2];
  return key;
}

SyscallOp syscall_op(World& world, const Call& call) {
  SyscallOp op;
  op.arch = call.arch;
  const CallRow& row =
      *world.row_of(call.arch, call.number);  // not call.row: that may be the call behind a multiplexer
  op.name = row.name;
  if (op.name.empty() || !libseccomp_knows(call.arch, op.name)) op.number = static_cast<std::int32_t>(call.number);
  if (world.options.detail == Detail::kSet) return op;
  op.clone_flags = call.clone_flags;
  op.executable = call.executable;
  const std::uint64_t words[3] = {call.key.b & 0xffffffff, call.key.b >> 32, call.key.c};
  for (unsigned i = 0; i < row.positions.count && i < 3; ++i)
    op.args.push_back({row.positions.at[i].index, words[i], row.positions.at[i].mask});
  return op;
}

}  // namespace cordon
