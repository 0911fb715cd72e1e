#include "seccomp/profile.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "kernel/names.h"

namespace cordon::seccomp {
namespace {

struct ActionRow {
  Action action;
  std::string_view oci;
  std::uint32_t kernel;
  std::string_view words;
};

// SCMP_ACT_KILL is the older name of kill-thread (libseccomp's seccomp.h).
constexpr auto kActions = std::to_array<ActionRow>({
    {Action::kAllow, "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, "allow"},
    {Action::kErrno, "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, "errno"},
    {Action::kKill, "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, "kill thread"},
    {Action::kKillThread, "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, "kill thread"},
    {Action::kKillProcess, "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, "kill process"},
    {Action::kTrap, "SCMP_ACT_TRAP", SECCOMP_RET_TRAP, "trap"},
    {Action::kTrace, "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, "trace"},
    {Action::kLog, "SCMP_ACT_LOG", SECCOMP_RET_LOG, "log"},
    {Action::kNotify, "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, "notify"},
});

constexpr auto kCompares = std::to_array<std::string_view>(
    {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"});

struct GoArch {
  Arch arch;
  std::string_view go;
};
constexpr auto kGoArches = std::to_array<GoArch>({{Arch::kX86_64, "amd64"},
                                                  {Arch::kI386, "x86"},
                                                  {Arch::kX32, "x32"},
                                                  {Arch::kAarch64, "arm64"},
                                                  {Arch::kArm, "arm"},
                                                  {Arch::kRiscv64, "riscv64"},
                                                  {Arch::kS390x, "s390x"},
                                                  {Arch::kPpc64le, "ppc64le"}});

const ActionRow& row_of(Action action) { return kActions[static_cast<std::size_t>(action)]; }

bool kernel_reaches(const Selector& selector, const Host& host) {
  return !selector.min_kernel || !host.knows_min_kernel || !host.kernel || *host.kernel >= *selector.min_kernel;
}

bool has(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

/// Docker's reading: every included capability must be there, one of the arches, and the kernel new enough.
bool included(const SyscallRule& rule, const Host& host) {
  const Selector& in = rule.includes;
  if (!in.arches.empty() && !has(in.arches, go_name(host.arch))) return false;
  if (!std::all_of(in.caps.begin(), in.caps.end(), [&](const auto& cap) { return host.caps.contains(cap); }))
    return false;
  return kernel_reaches(in, host);
}

/// One excluded capability or arch is enough to drop the rule.
bool excluded(const SyscallRule& rule, const Host& host) {
  const Selector& out = rule.excludes;
  if (has(out.arches, go_name(host.arch))) return true;
  if (std::any_of(out.caps.begin(), out.caps.end(), [&](const auto& cap) { return host.caps.contains(cap); }))
    return true;
  return out.min_kernel && kernel_reaches(out, host);
}

}  // namespace

std::string_view go_name(Arch arch) {
  return std::find_if(kGoArches.begin(), kGoArches.end(), [&](const GoArch& row) { return row.arch == arch; })->go;
}

std::string_view oci_name(Action action) { return row_of(action).oci; }
std::string_view oci_name(Compare compare) { return kCompares[static_cast<std::size_t>(compare)]; }

std::optional<Action> action_from_oci(std::string_view name) {
  for (const ActionRow& row : kActions)
    if (row.oci == name) return row.action;
  return std::nullopt;
}

std::optional<Compare> compare_from_oci(std::string_view name) {
  for (std::size_t i = 0; i < kCompares.size(); ++i)
    if (kCompares[i] == name) return static_cast<Compare>(i);
  return std::nullopt;
}

bool ArgCondition::holds(std::uint64_t argument) const {
  switch (op) {
    case Compare::kNe: return argument != value;
    case Compare::kLt: return argument < value;
    case Compare::kLe: return argument <= value;
    case Compare::kEq: return argument == value;
    case Compare::kGe: return argument >= value;
    case Compare::kGt: return argument > value;
    case Compare::kMaskedEq: return (argument & value) == value_two;
  }
  return false;
}

const std::set<std::string>& default_caps() {
  static const std::set<std::string> caps = {
      "CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
      "CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
      "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};
  return caps;
}

Profile resolved(const Profile& profile, const Host& host) {
  Profile out = profile;
  out.rules.clear();
  for (const SyscallRule& rule : profile.rules) {
    if (!included(rule, host) || excluded(rule, host)) continue;
    SyscallRule plain = rule;
    plain.includes = {};
    plain.excludes = {};
    out.rules.push_back(std::move(plain));
  }
  for (const ArchMapEntry& entry : profile.arch_map) {
    if (entry.architecture != host.arch) continue;
    out.architectures.push_back(entry.architecture);
    out.architectures.insert(out.architectures.end(), entry.sub_architectures.begin(), entry.sub_architectures.end());
  }
  out.arch_map.clear();
  return out;
}

std::uint32_t errno_of(const std::optional<std::uint32_t>& errno_ret) { return errno_ret.value_or(EPERM); }

std::uint32_t kernel_value(Action action, const std::optional<std::uint32_t>& errno_ret) {
  const std::uint32_t data = carries_errno(action) ? errno_of(errno_ret) & SECCOMP_RET_DATA : 0;
  return row_of(action).kernel | data;
}

std::string describe_value(std::uint32_t seccomp_ret) {
  const std::uint32_t action = seccomp_ret & SECCOMP_RET_ACTION_FULL;
  const std::uint32_t data = seccomp_ret & SECCOMP_RET_DATA;
  for (const ActionRow& row : kActions) {
    if (row.kernel != action) continue;
    return std::string(row.words) + (row.action == Action::kErrno ? " " + errno_name(static_cast<int>(data)) : "");
  }
  return "kill process";  // what the kernel does with an action that it does not know
}

}  // namespace cordon::seccomp
