#include "seccomp/bpf.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/invariant.h"

namespace cordon::seccomp {
namespace {

constexpr std::size_t kScratchWords = BPF_MEMWORDS;

/// seccomp's own list of opcodes; all others make the kernel answer EINVAL.
constexpr auto kOpcodes = std::to_array<std::uint16_t>({
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_LEN,
    BPF_LDX | BPF_W | BPF_LEN,
    BPF_LD | BPF_IMM,
    BPF_LDX | BPF_IMM,
    BPF_LD | BPF_MEM,
    BPF_LDX | BPF_MEM,
    BPF_ST,
    BPF_STX,
    BPF_RET | BPF_K,
    BPF_RET | BPF_A,
    BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,
    BPF_ALU | BPF_NEG,
    BPF_ALU | BPF_ADD | BPF_K,
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_JMP | BPF_JA,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
});

Error bad(std::size_t at, std::string what) {
  return Error{ErrorCode::kBadInput, std::move(what), "instruction " + std::to_string(at), {}};
}

bool is_return(const sock_filter& insn) { return BPF_CLASS(insn.code) == BPF_RET; }

bool uses_scratch(const sock_filter& insn) {
  const auto klass = BPF_CLASS(insn.code);
  const bool load = (klass == BPF_LD || klass == BPF_LDX) && BPF_MODE(insn.code) == BPF_MEM;
  return load || klass == BPF_ST || klass == BPF_STX;
}

Result<void> check_jump(std::span<const sock_filter> program, std::size_t at) {
  const sock_filter& insn = program[at];
  const std::size_t left = program.size() - at - 1;  // instructions after this one
  if (insn.code == (BPF_JMP | BPF_JA)) {
    if (insn.k >= left) return bad(at, "jumps out of the program");
  } else if (insn.jt >= left || insn.jf >= left) {
    return bad(at, "jumps out of the program");
  }
  return {};
}

Result<void> check_operand(const sock_filter& insn, std::size_t at) {
  if (insn.code == (BPF_LD | BPF_W | BPF_ABS) && (insn.k % 4 != 0 || insn.k >= sizeof(seccomp_data)))
    return bad(at, "loads from outside of seccomp_data or unaligned");
  if (insn.code == (BPF_ALU | BPF_DIV | BPF_K) && insn.k == 0) return bad(at, "divides by zero");
  const bool shift = insn.code == (BPF_ALU | BPF_LSH | BPF_K) || insn.code == (BPF_ALU | BPF_RSH | BPF_K);
  if (shift && insn.k >= 32) return bad(at, "shifts by more than 31");
  if (uses_scratch(insn) && insn.k >= kScratchWords) return bad(at, "scratch word out of range");
  return {};
}

/// Scratch words must be written on every way that leads to a read of them.
class ScratchCheck {
 public:
  explicit ScratchCheck(std::size_t size) : valid_(size, 0xffff) {}

  Result<void> visit(const sock_filter& insn, std::size_t at) {
    known_ &= valid_[at];
    const auto klass = BPF_CLASS(insn.code);
    const std::uint16_t bit = static_cast<std::uint16_t>(1U << (insn.k & 15));
    if (klass == BPF_ST || klass == BPF_STX) known_ |= bit;
    if ((klass == BPF_LD || klass == BPF_LDX) && BPF_MODE(insn.code) == BPF_MEM && (known_ & bit) == 0)
      return bad(at, "reads a scratch word that may not be written");
    if (klass == BPF_JMP) jump(insn, at);
    return {};
  }

 private:
  void jump(const sock_filter& insn, std::size_t at) {
    const bool always = insn.code == (BPF_JMP | BPF_JA);
    valid_[at + 1 + (always ? insn.k : insn.jt)] &= known_;
    if (!always) valid_[at + 1 + insn.jf] &= known_;
    known_ = 0xffff;  // what follows is reached only through jumps
  }
  std::vector<std::uint16_t> valid_;
  std::uint16_t known_ = 0;
};

/// The machine's state while it runs.
struct Machine {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, kScratchWords> scratch{};
};

std::uint32_t word_at(const seccomp_data& data, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&data) + offset, sizeof word);
  return word;
}

bool jump_taken(std::uint16_t op, std::uint32_t a, std::uint32_t operand) {
  switch (op) {
    case BPF_JEQ: return a == operand;
    case BPF_JGT: return a > operand;
    case BPF_JGE: return a >= operand;
    default: return (a & operand) != 0;
  }
}

/// Division by zero through X ends the program with 0, as the kernel's conversion to eBPF does.
bool alu(Machine& m, std::uint16_t op, std::uint32_t operand) {
  switch (op) {
    case BPF_ADD: m.a += operand; break;
    case BPF_SUB: m.a -= operand; break;
    case BPF_MUL: m.a *= operand; break;
    case BPF_DIV:
      if (operand == 0) return false;
      m.a /= operand;
      break;
    case BPF_AND: m.a &= operand; break;
    case BPF_OR: m.a |= operand; break;
    case BPF_XOR: m.a ^= operand; break;
    case BPF_LSH: m.a <<= (operand & 31); break;
    case BPF_RSH: m.a >>= (operand & 31); break;
    default: m.a = 0U - m.a; break;  // BPF_NEG
  }
  return true;
}

std::uint32_t loaded(const Machine& m, const sock_filter& insn, const seccomp_data& data) {
  switch (BPF_MODE(insn.code)) {
    case BPF_ABS: return word_at(data, insn.k);
    case BPF_MEM: return m.scratch[insn.k];
    case BPF_LEN: return sizeof(seccomp_data);
    default: return insn.k;  // BPF_IMM
  }
}

}  // namespace

Result<void> check_bpf(std::span<const sock_filter> program) {
  if (program.empty()) return Error{ErrorCode::kBadInput, "an empty BPF program", {}, {}};
  if (program.size() > kMaxInstructions)
    return Error{ErrorCode::kBadInput,
                 "a BPF program of " + std::to_string(program.size()) + " instructions; the kernel takes " +
                     std::to_string(kMaxInstructions),
                 {},
                 "fewer argument rules make it shorter"};
  ScratchCheck scratch(program.size());
  for (std::size_t i = 0; i < program.size(); ++i) {
    const sock_filter& insn = program[i];
    if (std::find(kOpcodes.begin(), kOpcodes.end(), insn.code) == kOpcodes.end())
      return bad(i, "an opcode that seccomp does not take");
    if (auto ok = check_operand(insn, i); !ok) return ok.error();
    if (BPF_CLASS(insn.code) == BPF_JMP)
      if (auto ok = check_jump(program, i); !ok) return ok.error();
    if (auto ok = scratch.visit(insn, i); !ok) return ok.error();
  }
  if (!is_return(program.back())) return bad(program.size() - 1, "the program does not end in a return");
  return {};
}

BpfRun run_bpf(std::span<const sock_filter> program, const seccomp_data& data) {
  Machine m;
  BpfRun run;
  std::size_t at = 0;
  while (true) {
    CORDON_INVARIANT(at < program.size());
    const sock_filter& insn = program[at++];
    ++run.steps;
    const std::uint32_t operand = BPF_SRC(insn.code) == BPF_X ? m.x : insn.k;
    switch (BPF_CLASS(insn.code)) {
      case BPF_LD: m.a = loaded(m, insn, data); break;
      case BPF_LDX: m.x = loaded(m, insn, data); break;
      case BPF_ST: m.scratch[insn.k] = m.a; break;
      case BPF_STX: m.scratch[insn.k] = m.x; break;
      case BPF_MISC:
        (insn.code == (BPF_MISC | BPF_TAX) ? m.x : m.a) = insn.code == (BPF_MISC | BPF_TAX) ? m.a : m.x;
        break;
      case BPF_ALU:
        if (!alu(m, BPF_OP(insn.code), operand)) return run;
        break;
      case BPF_JMP:
        if (BPF_OP(insn.code) == BPF_JA)
          at += insn.k;
        else
          at += jump_taken(BPF_OP(insn.code), m.a, operand) ? insn.jt : insn.jf;
        break;
      default:  // BPF_RET
        run.value = BPF_RVAL(insn.code) == BPF_A ? m.a : insn.k;
        return run;
    }
  }
}

std::string bpf_bytes(const BpfProgram& program) {
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

Result<BpfProgram> bpf_from_bytes(std::string_view bytes, const std::string& where) {
  if (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0)
    return Error{ErrorCode::kBadInput,
                 std::to_string(bytes.size()) + " bytes are no whole number of 8-byte BPF instructions",
                 where,
                 {}};
  BpfProgram program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), bytes.size());
  if (auto ok = check_bpf(program); !ok) {
    Error error = ok.error();
    error.where = where + (error.where.empty() ? "" : ": " + error.where);
    return error;
  }
  return program;
}

}  // namespace cordon::seccomp
