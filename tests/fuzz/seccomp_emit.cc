// rooms: seccomp policy facts kernel base
#include <cstdint>
#include <string>

#include "base/invariant.h"
#include "seccomp/backend.h"
#include "seccomp/formats.h"
#include "seccomp/names.h"
#include "seccomp/read.h"
#include "seccomp/write.h"

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
  if (kind < 240)
    op.name = names.at((kind * 256U + bytes.byte()) % names.size());
  else if (kind < 250)
    op.name = std::string("x\"\n,") + static_cast<char>(bytes.byte() & 0x7f);
  else if (kind < 254)
    op.name = kClone3;
  else
    op.number = static_cast<int>(bytes.word() & 0x7fffffff);
  if (op.name == kClone3 && bytes.byte() % 4 != 0)
    op.clone_flags = bytes.byte() % 2 == 0 ? 0x3d0f00 : bytes.word() << (bytes.byte() % 8);
  for (std::uint8_t i = bytes.byte() % 4; i > 0; --i)
    op.args.push_back({bytes.byte() % 6U, bytes.word(), bytes.byte() % 2 == 0 ? 0xffffffff : bytes.word()});
  return op;
}

}  // namespace

/// Any policy is planned, written in every form, and read back as the very bytes that were written. Only one in 64 is
/// also proven, which simulates every number of every ABI thrice and takes seconds under the sanitizers.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::size_t kMaxRules = 24;
  Bytes bytes(data, size);
  const std::uint8_t choice = bytes.byte();
  BackendOptions options;
  options.values["arguments"] = choice % 2 == 0 ? "safe" : "tight";
  static constexpr std::array<const char*, 3> kModes = {"auto", "allow", "fallback"};
  options.values["clone3"] = kModes.at(choice % kModes.size());
  Policy policy;
  policy.name = "fuzz";
  while (bytes.more() && policy.rules.size() < kMaxRules)
    policy.rules.push_back(Rule::observed({{}, operation(bytes), std::nullopt}, {"f"}));
  Diagnostics diagnostics;
  if (choice / 4 == 63) {
    const auto emission = seccomp_backend().emit(policy, options, diagnostics);
    CORDON_INVARIANT(!emission || read_profile(emission->files.front().bytes, "emitted", diagnostics).ok());
    return 0;
  }
  const auto tables = load_data(options.data_dir);
  CORDON_INVARIANT(tables.ok());
  const auto plan_options_given = plan_options(options, **tables);
  CORDON_INVARIANT(plan_options_given.ok());
  const Plan plan = plan_of(policy, *plan_options_given, **tables, diagnostics).plan;
  const std::string written = write_json(profile_of(plan), Dialect::kOci);
  const auto read = read_profile(written, "emitted", diagnostics);
  CORDON_INVARIANT(read.ok());
  CORDON_INVARIANT(write_json(read->profile, Dialect::kOci) == written);
  for (const Format& format : formats()) {
    if (format.name == "bpf") continue;  // compiles, as the proof does
    CORDON_INVARIANT(format.render(plan, **tables).ok());
  }
  return 0;
}
