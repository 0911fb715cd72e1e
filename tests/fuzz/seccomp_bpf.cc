// rooms: seccomp policy facts kernel base
#include <cstdint>
#include <cstring>
#include <string_view>

#include "seccomp/bpf.h"
#include "seccomp/decide.h"
#include "seccomp/listener.h"

using namespace cordon;
using namespace cordon::seccomp;

/// The first 64 bytes are a call, the rest a program. What is accepted ends within its own length.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < sizeof(seccomp_data)) return 0;
  seccomp_data call{};
  std::memcpy(&call, data, sizeof call);
  auto program = bpf_from_bytes({reinterpret_cast<const char*>(data) + sizeof call, size - sizeof call}, "fuzz");
  if (!program) return 0;
  CORDON_INVARIANT(run_bpf(*program, call).steps <= program->size());
  const BpfProgram listening = listening_variant(*program);
  CORDON_INVARIANT(listening.empty() || check_bpf(listening).ok());
  FilterDecider decider;
  decider.add_program(std::move(*program), "fuzz");
  SyscallOp op;
  op.name = "socket";
  op.args = {{0, call.args[0] & 0xffffffff, 0xffffffff}};
  static_cast<void>(decider.decide(op));
  return 0;
}
