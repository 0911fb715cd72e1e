#include "ptrace/abi.h"

#if defined(__x86_64__)

#include <sys/ptrace.h>
#include <sys/user.h>

#include <cstddef>

namespace cordon::abi {
namespace {

// syscall(2): the registers that hold the arguments, for 64-bit calls and for int $0x80.
constexpr std::size_t kArgs64[] = {offsetof(user_regs_struct, rdi), offsetof(user_regs_struct, rsi),
                                   offsetof(user_regs_struct, rdx), offsetof(user_regs_struct, r10),
                                   offsetof(user_regs_struct, r8),  offsetof(user_regs_struct, r9)};
constexpr std::size_t kArgs32[] = {offsetof(user_regs_struct, rbx), offsetof(user_regs_struct, rcx),
                                   offsetof(user_regs_struct, rdx), offsetof(user_regs_struct, rsi),
                                   offsetof(user_regs_struct, rdi), offsetof(user_regs_struct, rbp)};

}  // namespace

bool set_argument(pid_t task, Arch arch, unsigned index, std::uint64_t value) {
  const std::size_t offset = arch == Arch::kI386 ? kArgs32[index] : kArgs64[index];
  return ptrace(PTRACE_POKEUSER, task, offset, value) == 0;  // struct user begins with the registers
}

}  // namespace cordon::abi

#endif
