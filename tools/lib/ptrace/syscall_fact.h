#pragma once

#include "ptrace/world.h"

/// The fact that every engine makes of a call: its number and those arguments that carry policy.
namespace cordon {

/// The flags in the stopped task's struct clone_args (linux/sched.h); none if it asks for set_tid, or cannot be read.
std::optional<std::uint64_t> clone3_flags(pid_t tid, const Call& call);

/// Its key: number and arguments, masked (none of the masks exceeds 32 bits), or clone3(2)'s flags.
ActionKey syscall_key(const Call& call, bool with_arguments);

SyscallOp syscall_op(World& world, const Call& call);

Arch arch_of_call(std::uint32_t audit_arch, std::uint64_t number);

}  // namespace cordon
