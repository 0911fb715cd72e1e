#pragma once

#include <sys/types.h>

#include <cstdint>

#include "kernel/arch.h"

/// All of the recorder that depends on the machine's registers; one abi_ARCH.cc implements it for each architecture.
namespace cordon::abi {

/// A syscall stop, as PTRACE_GET_SYSCALL_INFO tells it (op: PTRACE_SYSCALL_INFO_*).
struct Stop {
  std::uint8_t op = 0;
  std::uint32_t audit_arch = 0;
  std::uint64_t number = 0;
  std::uint64_t args[6]{};
  std::uint64_t stack_pointer = 0;
  std::int64_t result = 0;
  bool failed = false;
};

/// Reads the stop that the task is in with one ptrace call; false if it is gone (ESRCH). The kernel says which ABI
/// the call came through, also for `int $0x80` from 64-bit code, which the cs register would get wrong.
bool read_stop(pid_t task, Stop& stop);

/// Changes one argument of the call that the task has entered. False if it could not.
bool set_argument(pid_t task, Arch arch, unsigned index, std::uint64_t value);

}  // namespace cordon::abi
