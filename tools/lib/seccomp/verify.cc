#include "seccomp/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kBeyondTable = 64;  // numbers above the table that are tried as well

/// The ABIs that share the filter's machine: those it lists and those it must kill.
std::vector<Arch> arches_to_try(const Profile& profile, Arch host) {
  std::vector<Arch> arches = filtered_arches(profile, host);
  for (const Arch arch : {Arch::kX86_64, Arch::kI386, Arch::kX32, Arch::kAarch64, Arch::kArm}) {
    const bool known = std::find(arches.begin(), arches.end(), arch) != arches.end();
    if (!known && arch_info(arch).native == arch_info(host).native) arches.push_back(arch);
  }
  return arches;
}

class Comparison {
 public:
  Comparison(const BpfProgram& program, const Reference& reference, Verification& out)
      : program_(program), reference_(reference), out_(out) {}

  void number(Arch arch, std::uint32_t number) {
    for (const auto& args : argument_classes(reference_.rules_of(arch, number))) one({arch, number, args});
  }

 private:
  void one(const Call& call) {
    ++out_.calls;
    const Answer expected = reference_.ask(call);
    const std::uint32_t actual = run_bpf(program_, data_of(call)).value;
    if (expected.values.contains(actual)) {
      if (expected.values.size() > 1) ++out_.ambiguous;
      return;
    }
    ++out_.mismatch_count;
    if (out_.mismatches.size() < kMismatchesKept)
      out_.mismatches.push_back(
          {call, name_on(call.arch, static_cast<int>(call.number)), *expected.values.begin(), actual});
  }

  const BpfProgram& program_;
  const Reference& reference_;
  Verification& out_;
};

}  // namespace

Result<Verification> verify(const Profile& profile, Runtime runtime, Arch host) {
  auto compiled = compile(profile, runtime, host);
  if (!compiled) return compiled.error();
  Verification out;
  out.runtime = runtime;
  out.instructions = compiled->program.size();
  out.ignored = compiled->ignored;
  const Reference reference(profile, runtime, host);
  Comparison comparison(compiled->program, reference, out);
  for (const Arch arch : arches_to_try(profile, host)) {
    const std::uint32_t base = arch == Arch::kX32 ? kX32Bit : 0;
    const auto last = static_cast<std::uint32_t>(highest_on(arch)) + kBeyondTable;
    for (std::uint32_t number = base; number <= last; ++number) comparison.number(arch, number);
  }
  return out;
}

Result<std::size_t> proven(const Profile& profile, const std::vector<Runtime>& runtimes, Arch host) {
  std::size_t longest = 0;
  for (const Runtime runtime : runtimes) {
    auto verified = verify(profile, runtime, host);
    if (!verified) return verified.error();
    if (verified->mismatch_count > 0)
      return Error{
          ErrorCode::kRefused,
          to_text(verified->mismatches.front(), runtime),
          {},
          "libseccomp compiles some rules with several arguments to something else: filter by fewer arguments"};
    longest = std::max(longest, verified->instructions);
  }
  return longest;
}

std::string to_text(const Mismatch& mismatch, Runtime runtime) {
  std::string args;
  for (const std::uint64_t arg : mismatch.call.args) args += fmt::format("{}{:#x}", args.empty() ? "" : ", ", arg);
  return fmt::format("{}({}) on {}: the profile says {}, the filter as {} compiles it does {}",
                     mismatch.name.empty() ? "syscall " + std::to_string(mismatch.call.number) : mismatch.name, args,
                     arch_info(mismatch.call.arch).name, describe_value(mismatch.expected), runtime_name(runtime),
                     describe_value(mismatch.actual));
}

}  // namespace cordon::seccomp
