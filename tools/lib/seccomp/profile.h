#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/arch.h"

/// A seccomp profile as OCI's runtime-spec (config-linux.md, "Seccomp") has it, with what Docker, containers-common
/// and the Security Profiles Operator add.
namespace cordon::seccomp {

enum class Action : std::uint8_t { kAllow, kErrno, kKill, kKillThread, kKillProcess, kTrap, kTrace, kLog, kNotify };
enum class Compare : std::uint8_t { kNe, kLt, kLe, kEq, kGe, kGt, kMaskedEq };

std::string_view oci_name(Action action);    ///< "SCMP_ACT_ALLOW"
std::string_view oci_name(Compare compare);  ///< "SCMP_CMP_EQ"
std::optional<Action> action_from_oci(std::string_view name);
std::optional<Compare> compare_from_oci(std::string_view name);

/// Only these two carry an errno (runtime-spec: errnoRet on another action must fail).
constexpr bool carries_errno(Action action) { return action == Action::kErrno || action == Action::kTrace; }

/// For kMaskedEq: (argument & value) == value_two, as libseccomp has it.
struct ArgCondition {
  std::uint32_t index = 0;  ///< 0..5
  Compare op = Compare::kEq;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  auto operator<=>(const ArgCondition&) const = default;
  bool holds(std::uint64_t argument) const;
};

/// "a.b", Docker's minKernel.
struct KernelVersion {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};

/// Docker's includes and excludes. Arches by Go's names ("amd64"), capabilities as "CAP_SYS_ADMIN".
struct Selector {
  std::vector<std::string> caps;
  std::vector<std::string> arches;
  std::optional<KernelVersion> min_kernel;
  bool empty() const { return caps.empty() && arches.empty() && !min_kernel; }
  auto operator<=>(const Selector&) const = default;
};

struct SyscallRule {
  std::vector<std::string> names;
  Action action = Action::kAllow;
  std::optional<std::uint32_t> errno_ret;
  std::vector<ArgCondition> args;
  std::string comment;
  Selector includes;
  Selector excludes;
  std::string pointer;  ///< where it stood: "/syscalls/3"; not part of the policy
};

struct ArchMapEntry {
  Arch architecture = Arch::kX86_64;
  std::vector<Arch> sub_architectures;
  auto operator<=>(const ArchMapEntry&) const = default;
};

struct Profile {
  Action default_action = Action::kErrno;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<Arch> architectures;
  std::vector<std::string> foreign_architectures;  ///< valid OCI names that Cordon has no table for ("SCMP_ARCH_MIPS")
  std::vector<ArchMapEntry> arch_map;              ///< Docker; excludes `architectures`
  std::vector<std::string> flags;                  ///< "SECCOMP_FILTER_FLAG_LOG"
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SyscallRule> rules;
};

/// The 14 capabilities that Docker gives a container (moby oci/caps/defaults.go).
const std::set<std::string>& default_caps();

/// Docker's name of an ABI's machine: "amd64". Go's GOARCH.
std::string_view go_name(Arch arch);

/// What Docker's and containers-common's conditions are resolved against.
struct Host {
  Arch arch = native_arch();
  std::set<std::string> caps = default_caps();  ///< the container's bounding set, "CAP_CHOWN"
  std::optional<KernelVersion> kernel;          ///< none: every minKernel holds
  bool knows_min_kernel = true;                 ///< false: containers-common, which ignores minKernel
};

/// Conditions resolved and archMap flattened: what the engine hands to the OCI runtime.
Profile resolved(const Profile& profile, const Host& host);

/// The action's default errno is EPERM, as in runc and crun.
std::uint32_t errno_of(const std::optional<std::uint32_t>& errno_ret);

/// SECCOMP_RET_* with its data, as the kernel sees the action.
std::uint32_t kernel_value(Action action, const std::optional<std::uint32_t>& errno_ret);

/// "allow", "errno EPERM", "kill thread": for people.
std::string describe_value(std::uint32_t seccomp_ret);

}  // namespace cordon::seccomp
