#include "ptrace/abi.h"

#include <sys/ptrace.h>

#include <cstring>

namespace cordon::abi {
namespace {

// linux/ptrace.h struct ptrace_syscall_info, spelled out because glibc's and the kernel's headers exclude each other.
struct SyscallInfo {
  std::uint8_t op;
  std::uint8_t pad[3];
  std::uint32_t arch;
  std::uint64_t instruction_pointer;
  std::uint64_t stack_pointer;
  struct {
    std::uint64_t number;   // or the result of an exit
    std::uint64_t args[6];  // the first byte of an exit's: whether it is an error
    std::uint32_t ret_data;
  } call;
};
constexpr std::uint8_t kExit = 2;  // PTRACE_SYSCALL_INFO_EXIT
constexpr int kGetSyscallInfo = 0x420e;

}  // namespace

bool read_stop(pid_t task, Stop& stop) {
  SyscallInfo info;
  if (ptrace(static_cast<__ptrace_request>(kGetSyscallInfo), task, sizeof info, &info) < 0) return false;
  stop.op = info.op;
  stop.audit_arch = info.arch;
  stop.stack_pointer = info.stack_pointer;
  if (info.op == kExit) {
    stop.result = static_cast<std::int64_t>(info.call.number);
    stop.failed = (info.call.args[0] & 0xff) != 0;
    return true;
  }
  stop.number = info.call.number;
  std::memcpy(stop.args, info.call.args, sizeof stop.args);
  return true;
}

}  // namespace cordon::abi
