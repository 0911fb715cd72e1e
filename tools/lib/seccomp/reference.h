#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "seccomp/compile.h"

/// What a profile says by its documentation alone (runtime-spec, seccomp_rule_add(3)), computed without libseccomp's
/// compiler: the answer that the compiled program is held against.
namespace cordon::seccomp {

/// One call as the filter sees it. `number` as the kernel passes it (x32 with bit 30).
struct Call {
  Arch arch = Arch::kX86_64;
  std::uint32_t number = 0;
  std::array<std::uint64_t, 6> args{};
};

/// The kernel's view of the call; words swapped for big-endian ABIs, so that one interpreter serves all.
seccomp_data data_of(const Call& call);

/// The values that a profile gives to a call. More than one: rules of different actions match, and no document says
/// which wins.
struct Answer {
  std::set<std::uint32_t> values;     ///< SECCOMP_RET_*
  std::vector<std::string> pointers;  ///< of the rules that matched; empty: the default, the prologue or the arch
  bool is_default = false;
};

/// A rule as one ABI has it: multiplexed forms spelled out, names turned to numbers.
struct CallRule {
  std::uint32_t value = 0;
  std::vector<ArgCondition> conditions;
  std::string pointer;
};

/// The profile's rules by ABI and number, ready to be asked.
class Reference {
 public:
  /// The profile must be resolved. As with compile(), the runtime decides about the prologue.
  Reference(const Profile& profile, Runtime runtime, Arch host = native_arch());

  Answer ask(const Call& call) const;
  const std::vector<Arch>& arches() const { return arches_; }
  /// The rules of one call; empty where none names it.
  const std::vector<CallRule>& rules_of(Arch arch, std::uint32_t number) const;

 private:
  void add(Arch arch, const SyscallRule& rule, const std::string& name);
  bool above_stub(const Call& call) const;

  std::vector<Arch> arches_;
  std::uint32_t default_value_ = 0;
  std::vector<StubLimit> stub_;
  std::map<std::pair<Arch, std::uint32_t>, std::vector<CallRule>> rules_;
};

/// Argument vectors that tell all classes of the conditions apart: each value, its neighbours, its mask's bits, sign
/// and zero extensions, in every combination of the positions used (at most `limit`; beyond it, one position varies
/// at a time around each rule's own values). `fixed` holds positions whose value is given.
std::vector<std::array<std::uint64_t, 6>> argument_classes(const std::vector<CallRule>& rules,
                                                           const std::map<std::uint32_t, std::uint64_t>& fixed = {},
                                                           std::size_t limit = 4096);

}  // namespace cordon::seccomp
