#include "ptrace/abi.h"

#if defined(__aarch64__)

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

namespace cordon::abi {

bool set_argument(pid_t task, Arch arch, unsigned index, std::uint64_t value) {
  if (arch != Arch::kAarch64)
    return false;  // a 32-bit task's registers have another layout; its calls stay as they are
  user_regs_struct regs{};
  iovec block{&regs, sizeof regs};
  if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &block) != 0) return false;
  regs.regs[index] = value;  // syscall(2): x0 to x5
  return ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &block) == 0;
}

}  // namespace cordon::abi

#endif
