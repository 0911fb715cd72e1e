#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/backend.h"
#include "seccomp/fallback.h"
#include "seccomp/reference.h"

namespace cordon::seccomp {

/// Profiles and programs are added before anything is decided. Asks finished programs: those that the profile becomes
/// under each runtime. A fact is allowed only if all allow it.
class FilterDecider final : public Decider {
 public:
  /// A profile; compiled for each runtime. Errors are compile()'s.
  Result<void> add_profile(const Profile& profile, const std::string& where, const std::vector<Runtime>& runtimes,
                           Arch host = native_arch());
  /// A raw program, for every ABI that it tests for.
  void add_program(BpfProgram program, const std::string& where);

  /// A clone3 that gets ENOSYS counts as the clone that its caller falls back to: where the caller is known to, or
  /// always.
  void fall_back(std::shared_ptr<const Data> data, bool always);

  Decision decide(const Fact& fact) override;
  /// The same for an operation: what a filter is asked is no more than that.
  Decision decide(const SyscallOp& op);

 private:
  struct Filter {
    std::string where;
    std::string runtime;  ///< "as crun compiles it"; empty for a raw program
    BpfProgram program;
    std::shared_ptr<const Reference> reference;  ///< none for a raw program
    std::vector<CallRule> constants;             ///< a raw program's comparisons, as if on every argument
  };
  Decision decide_in(const Filter& filter, const SyscallOp& op) const;

  Decision decide_fallback(const Filter& filter, const SyscallOp& op, Decision denied) const;

  std::vector<Filter> filters_;
  std::shared_ptr<const Data> fallbacks_;  ///< none: nothing falls back
  bool always_falls_back_ = false;
  std::map<SyscallOp, Decision> decided_;  ///< many programs make the same call
};

/// The runtimes that a platform stands for: crun and runc for the container engines, both and libseccomp alone
/// elsewhere.
std::vector<Runtime> runtimes_of(Platform platform);

/// Whether a SECCOMP_RET_* value lets the call run.
bool lets_pass(std::uint32_t value);

}  // namespace cordon::seccomp
