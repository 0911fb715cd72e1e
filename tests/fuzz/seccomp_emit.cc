// rooms: seccomp policy facts kernel base
#include <cstdint>
#include <string>

#include "seccomp/backend.h"
#include "seccomp/names.h"
#include "seccomp/read.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

/// Turns bytes into grants: names known and not, any arguments, any ABI.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}
  bool more() const { return at_ < end_; }
  std::uint8_t byte() { return more() ? *at_++ : 0; }
  std::uint64_t word() {
    std::uint64_t out = 0;
    for (int i = 0; i < 4; ++i) out = out << 8 | byte();
    return out;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

SyscallOp operation(Bytes& bytes) {
  static constexpr std::array<Arch, 3> kArches = {Arch::kX86_64, Arch::kI386, Arch::kX32};
  SyscallOp op;
  op.arch = kArches.at(bytes.byte() % kArches.size());
  const auto& names = names_on(Arch::kX86_64);
  const std::uint8_t kind = bytes.byte();
  if (kind < 240) op.name = names.at((kind * 256U + bytes.byte()) % names.size());
  else if (kind < 250) op.name = std::string("x\"\n,") + static_cast<char>(bytes.byte() & 0x7f);
  else op.number = static_cast<int>(bytes.word() & 0x7fffffff);
  for (std::uint8_t i = bytes.byte() % 4; i > 0; --i)
    op.args.push_back({bytes.byte() % 6U, bytes.word(), bytes.byte() % 2 == 0 ? 0xffffffff : bytes.word()});
  return op;
}

}  // namespace

/// Any policy is emitted or refused, and what is emitted is read back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::size_t kMaxRules = 24;
  Bytes bytes(data, size);
  BackendOptions options;
  options.values["arguments"] = bytes.byte() % 2 == 0 ? "safe" : "tight";
  Policy policy;
  policy.name = "fuzz";
  while (bytes.more() && policy.rules.size() < kMaxRules)
    policy.rules.push_back(Rule::observed({{}, operation(bytes), std::nullopt}, {"f"}));
  Diagnostics diagnostics;
  const auto emission = seccomp_backend().emit(policy, options, diagnostics);
  if (!emission) return 0;
  CORDON_INVARIANT(read_profile(emission->files.front().bytes, "emitted", diagnostics).ok());
  return 0;
}
