#include <linux/audit.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

#include "seccomp/bpf.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

constexpr std::uint32_t kProbe = 999;  // a number that no kernel has
constexpr std::size_t kVectors = 12;
using Vector = std::array<std::uint32_t, 6>;

struct KernelAnswer {
  int load_errno = -1;
  std::array<int, kVectors> errnos{};
};

/// Loads the program in a child and makes the probe call with each vector: what the kernel says of both.
KernelAnswer ask_kernel(const BpfProgram& program, const std::vector<Vector>& vectors) {
  auto* page = static_cast<KernelAnswer*>(
      mmap(nullptr, sizeof(KernelAnswer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(page != MAP_FAILED);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    sock_fprog fprog{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
    page->load_errno = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) == 0 ? 0 : errno;
    if (page->load_errno == 0)
      for (std::size_t i = 0; i < vectors.size(); ++i) {
        const Vector& v = vectors[i];
        page->errnos.at(i) = syscall(kProbe, v[0], v[1], v[2], v[3], v[4], v[5]) == 0 ? 0 : errno;
      }
    syscall(SYS_exit_group, 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const KernelAnswer answer = *page;
  munmap(page, sizeof(KernelAnswer));
  return answer;
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  /// All calls but the probe pass; the probe's errno is the low bits of A at the end of a random body.
  BpfProgram program() {
    BpfProgram out = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kProbe},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const std::size_t body = 1 + pick(24);
    for (std::size_t i = 0; i < body; ++i) out.push_back(instruction(body - i));
    out.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xfff});
    out.push_back({BPF_ALU | BPF_OR | BPF_K, 0, 0, SECCOMP_RET_ERRNO});
    out.push_back({BPF_RET | BPF_A, 0, 0, 0});
    return out;
  }

  std::vector<Vector> vectors() {
    std::vector<Vector> out(kVectors);
    for (Vector& v : out)
      for (std::uint32_t& word : v) word = value();
    return out;
  }

 private:
  std::uint32_t pick(std::size_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::uint32_t value() {
    static constexpr std::array<std::uint32_t, 8> kEdges = {0, 1, 2, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff};
    return pick(2) == 0 ? kEdges[pick(kEdges.size())] : static_cast<std::uint32_t>(random_());
  }
  sock_filter instruction(std::size_t left) {
    static constexpr std::array<std::uint16_t, 10> kAlu = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
                                                           BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG};
    static constexpr std::array<std::uint16_t, 4> kJumps = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
    const std::uint16_t source = pick(2) == 0 ? BPF_K : BPF_X;
    const auto jump = [&] { return static_cast<std::uint8_t>(pick(std::min<std::size_t>(left + 1, 200))); };
    switch (pick(12)) {
      case 0:
      case 1: return {BPF_LD | BPF_W | BPF_ABS, 0, 0, 16 + 4 * pick(12)};
      case 2: return {static_cast<std::uint16_t>(BPF_LDX | BPF_IMM), 0, 0, value()};
      case 3: return {static_cast<std::uint16_t>(BPF_LD | BPF_IMM), 0, 0, value()};
      case 4: return {static_cast<std::uint16_t>(pick(2) == 0 ? BPF_ST : BPF_STX), 0, 0, pick(17)};
      case 5: return {static_cast<std::uint16_t>((pick(2) == 0 ? BPF_LD : BPF_LDX) | BPF_MEM), 0, 0, pick(16)};
      case 6: return {static_cast<std::uint16_t>(BPF_MISC | (pick(2) == 0 ? BPF_TAX : BPF_TXA)), 0, 0, 0};
      case 7: return {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0};
      case 8: return {static_cast<std::uint16_t>(BPF_JMP | kJumps[pick(4)] | source), jump(), jump(), value()};
      case 9: return {static_cast<std::uint16_t>(pick(60) == 0 ? random_() : BPF_JMP | BPF_JA), 0, 0, pick(left + 1)};
      default: {
        const std::uint16_t op = kAlu[pick(kAlu.size())];
        if (op == BPF_NEG) return {BPF_ALU | BPF_NEG, 0, 0, 0};
        const bool shift = op == BPF_LSH || op == BPF_RSH;
        return {static_cast<std::uint16_t>(BPF_ALU | op | source), 0, 0, shift ? pick(34) : value()};
      }
    }
  }
  std::mt19937_64 random_;
};

seccomp_data data_for(const Vector& v) {
  seccomp_data data{};
  data.nr = kProbe;
  data.arch = AUDIT_ARCH_X86_64;
  for (std::size_t i = 0; i < 6; ++i) data.args[i] = v[i];
  return data;
}

}  // namespace

#if defined(__x86_64__)
TEST_CASE("the interpreter takes the programs that the kernel takes, and answers as it does") {
  Generator generator(20261122);
  std::size_t loaded = 0;
  for (int round = 0; round < 700; ++round) {
    const BpfProgram program = generator.program();
    const auto vectors = generator.vectors();
    const KernelAnswer kernel = ask_kernel(program, vectors);
    INFO("round " << round);
    REQUIRE((kernel.load_errno == 0) == check_bpf(program).ok());
    if (kernel.load_errno != 0) continue;
    ++loaded;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      const std::uint32_t value = run_bpf(program, data_for(vectors[i])).value;
      // A jump past the tail or a division by zero may end in a verdict that kills the child: it reports nothing then.
      if ((value & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) break;
      INFO("vector " << i);
      REQUIRE(std::min<int>(value & SECCOMP_RET_DATA, 4095) == kernel.errnos.at(i));
    }
  }
  CHECK(loaded > 150);
}
#endif

TEST_CASE("what the kernel refuses is refused with the instruction's number") {
  const sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  const struct {
    BpfProgram program;
    const char* what;
  } kCases[] = {
      {{}, "empty"},
      {{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 2}, allow}, "unaligned"},
      {{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 64}, allow}, "outside"},
      {{{BPF_JMP | BPF_JA, 0, 0, 1}, allow}, "jumps out"},
      {{{BPF_JMP | BPF_JA, 0, 0, 0xffffffff}, allow}, "jumps out"},
      {{{BPF_LD | BPF_MEM, 0, 0, 3}, allow}, "may not be written"},
      {{{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, allow}, "zero"},
      {{{BPF_LD | BPF_IMM, 0, 0, 0}}, "does not end in a return"},
      {{{BPF_ALU | BPF_MOD | BPF_K, 0, 0, 3}, allow}, "opcode"},
  };
  for (const auto& c : kCases) {
    const auto result = check_bpf(c.program);
    REQUIRE_FALSE(result.ok());
    CHECK(to_text(result.error()).find(c.what) != std::string::npos);
  }
  CHECK_FALSE(check_bpf(BpfProgram(kMaxInstructions + 1, allow)).ok());
  CHECK(check_bpf(BpfProgram(kMaxInstructions, allow)).ok());
}

TEST_CASE("raw programs are read back as they were written, and torn ones are refused") {
  const BpfProgram program = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}, {BPF_RET | BPF_A, 0, 0, 0}};
  const std::string bytes = bpf_bytes(program);
  const auto back = bpf_from_bytes(bytes, "f.bpf");
  REQUIRE(back.ok());
  CHECK(bpf_bytes(*back) == bytes);
  CHECK_FALSE(bpf_from_bytes(bytes.substr(0, 9), "f.bpf").ok());
  CHECK_FALSE(bpf_from_bytes("", "f.bpf").ok());
}
