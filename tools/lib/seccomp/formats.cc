#include "seccomp/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/bytes.h"
#include "base/text.h"
#include "kernel/names.h"
#include "seccomp/compile.h"
#include "seccomp/cost.h"
#include "seccomp/names.h"
#include "seccomp/write.h"

namespace cordon::seccomp {
namespace {

constexpr std::uint64_t kWord = 0xffffffff;

/// On one line, and without the end of a C comment.
std::string one_line(std::string_view text) {
  std::string out = printable(text);
  for (std::size_t at = out.find("*/"); at != std::string::npos; at = out.find("*/")) out.replace(at, 2, "* /");
  return out;
}

std::string header(const Plan& plan, std::string_view comment) {
  std::string out = fmt::format("{} {}: made by Cordon {} from what the program was seen doing.\n", comment,
                                one_line(plan.name), CORDON_VERSION);
  if (!plan.complete) out += fmt::format("{} The recording is incomplete: calls may be missing.\n", comment);
  return out;
}

bool on_plan(const Plan& plan, const std::string& name) {
  return std::any_of(plan.arches.begin(), plan.arches.end(),
                     [&](Arch arch) { return number_on(arch, name).has_value(); });
}

/// Names that this machine's tables have for one of the plan's ABIs; formats that refuse other names get only these.
std::vector<std::string> known_calls(const Plan& plan) {
  std::vector<std::string> out;
  for (const auto& [name, allowance] : plan.calls)
    if (on_plan(plan, name)) out.push_back(name);
  return out;
}

void note_arguments(const Plan& plan, std::string_view format, Rendering& out) {
  std::vector<std::string> filtered;
  for (const auto& [name, allowance] : plan.calls)
    if (!allowance.whole) filtered.push_back(name);
  if (!filtered.empty())
    out.lost.push_back(fmt::format("{} has no argument filters: {} are allowed whole", format, join(filtered, ", ")));
}

Result<Rendering> render_oci(const Plan& plan, const Data&) {
  return Rendering{write_json(profile_of(plan), Dialect::kOci), {}};
}

/// Calls that need a capability which the program was seen to use: only where the container has it. Without that
/// evidence the call may be one that needs none, as in a user namespace of its own, or adjtimex(2) that only reads.
/// ptrace(2): only on kernels where it does not bypass the filter (seccomp(2): before 4.8).
std::map<std::string, Selector> call_conditions(const Plan& plan, const Data& data) {
  std::map<std::string, Selector> conditions;
  for (const RiskRow& row : data.risks)
    for (const std::string& call : row.calls)
      if (plan.capabilities.contains(row.capability)) conditions[call].caps = {row.capability};
  conditions["ptrace"].min_kernel = KernelVersion{4, 8};
  return conditions;
}

/// A rule but for its names, and on which machines each name is in it.
struct Placed {
  SyscallRule rule;
  std::map<std::string, std::set<std::string>> names;
};

std::vector<Placed> placed_rules(const std::vector<const Plan*>& plans) {
  std::vector<Placed> out;
  for (const Plan* plan : plans)
    for (const SyscallRule& rule : profile_of(*plan).rules) {
      auto found = std::find_if(out.begin(), out.end(), [&](const Placed& p) {
        return p.rule.action == rule.action && p.rule.errno_ret == rule.errno_ret && p.rule.args == rule.args &&
               p.rule.comment == rule.comment;
      });
      if (found == out.end()) found = out.insert(out.end(), {rule, {}});
      for (const std::string& name : rule.names) found->names[name].emplace(go_name(plan->arches.front()));
    }
  return out;
}

using Machines = std::set<std::string>;  ///< by Go's names

/// Includes and excludes of a name that has a rule on some machines only: by the shorter list.
struct Conditions {
  Selector includes;
  Selector excludes;
  auto operator<=>(const Conditions&) const = default;
};
Conditions on_machines(const Machines& here, const Machines& all) {
  Conditions out;
  Machines absent;
  std::set_difference(all.begin(), all.end(), here.begin(), here.end(), std::inserter(absent, absent.end()));
  if (absent.size() < here.size())
    out.excludes.arches = {absent.begin(), absent.end()};
  else
    out.includes.arches = {here.begin(), here.end()};
  return out;
}

void add_parts(const SyscallRule& rule, const std::map<Conditions, std::vector<std::string>>& parts, Profile& profile) {
  for (const auto& [conditions, names] : parts) {
    profile.rules.push_back(rule);
    profile.rules.back().names = names;
    profile.rules.back().includes = conditions.includes;
    profile.rules.back().excludes = conditions.excludes;
  }
}

/// The rule once for each set of conditions that its names have.
void add_conditional(const Placed& placed, const Machines& machines, const std::map<std::string, Selector>& selectors,
                     Profile& profile) {
  std::map<Conditions, std::vector<std::string>> parts;
  for (const auto& [name, here] : placed.names) {
    Conditions conditions = on_machines(here, machines);
    const auto found = selectors.find(name);
    if (placed.rule.action == Action::kAllow && found != selectors.end()) {
      conditions.includes.caps = found->second.caps;
      conditions.includes.min_kernel = found->second.min_kernel;
    }
    parts[conditions].push_back(name);
  }
  add_parts(placed.rule, parts, profile);
}

/// A call that is allowed only with a capability gets the errno that its callers fall back from without it.
void add_without_capability(const std::vector<const Plan*>& plans, const Machines& machines,
                            const std::map<std::string, Selector>& selectors, const Data& data, Profile& profile) {
  const Denial& denial = plans.front()->denial;
  if (denial.action == Action::kLog) return;
  for (const ErrnoRow& row : data.errnos) {
    std::map<Conditions, std::vector<std::string>> parts;
    for (const std::string& name : row.names) {
      const auto found = selectors.find(name);
      if (found == selectors.end() || found->second.caps.empty()) continue;
      Machines here;
      for (const Plan* plan : plans)
        if (plan->calls.contains(name) && on_plan(*plan, name)) here.emplace(go_name(plan->arches.front()));
      if (here.empty()) continue;
      Conditions conditions = on_machines(here, machines);
      conditions.excludes.caps = found->second.caps;
      parts[conditions].push_back(name);
    }
    SyscallRule rule;
    rule.action = Action::kErrno;
    rule.errno_ret = row.number;
    rule.comment = "denied without the capability: " + row.reason;
    add_parts(rule, parts, profile);
  }
}

/// Docker's conditions: ABIs by archMap, calls by capability, machine and kernel.
Profile conditional_profile(const Plan& plan, const Data& data) {
  std::vector<const Plan*> plans = {&plan};
  for (const Plan& other : plan.elsewhere)
    if (other.arches.front() != plan.arches.front()) plans.push_back(&other);
  Profile profile = profile_of(plan);
  profile.architectures.clear();
  for (const Plan* one : plans)
    profile.arch_map.push_back({one->arches.front(), {one->arches.begin() + 1, one->arches.end()}});
  profile.rules.clear();
  Machines machines;
  for (const Plan* one : plans) machines.emplace(go_name(one->arches.front()));
  const auto selectors = call_conditions(plan, data);
  for (const Placed& placed : placed_rules(plans)) add_conditional(placed, machines, selectors, profile);
  add_without_capability(plans, machines, selectors, data, profile);
  return profile;
}

Result<Rendering> render_docker(const Plan& plan, const Data& data) {
  return Rendering{write_json(conditional_profile(plan, data), Dialect::kDocker), {}};
}

/// A Kubernetes object name: RFC 1123 label.
std::string object_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool upper = c >= 'A' && c <= 'Z';
    out += letter ? c : upper ? static_cast<char>(c - 'A' + 'a') : '-';
  }
  const auto first = out.find_first_not_of('-');
  const auto last = out.find_last_not_of('-');
  return first == std::string::npos ? "profile" : out.substr(first, std::min<std::size_t>(last - first + 1, 63));
}

void yaml_rule(std::string& out, const SyscallRule& rule) {
  if (!rule.comment.empty()) out += "    # " + one_line(rule.comment) + "\n";
  out += fmt::format("    - action: {}\n", oci_name(rule.action));
  if (rule.errno_ret) out += fmt::format("      errnoRet: {}\n", *rule.errno_ret);
  out += "      names:\n";
  for (const std::string& name : rule.names) out += "        - " + name + "\n";
  if (rule.args.empty()) return;
  out += "      args:\n";
  for (const ArgCondition& c : rule.args)
    out += fmt::format("        - index: {}\n          value: {}\n          valueTwo: {}\n          op: {}\n", c.index,
                       c.value, c.value_two, oci_name(c.op));
}

Result<Rendering> render_spo(const Plan& plan, const Data&) {
  const Profile profile = profile_of(plan);
  std::string out = header(plan, "#");
  out += "apiVersion: security-profiles-operator.x-k8s.io/v1beta1\nkind: SeccompProfile\nmetadata:\n";
  out += "  name: " + object_name(plan.name) + "\nspec:\n";
  out += fmt::format("  defaultAction: {}\n", oci_name(profile.default_action));
  if (profile.default_errno_ret) out += fmt::format("  defaultErrnoRet: {}\n", *profile.default_errno_ret);
  out += "  architectures:\n";
  for (const Arch arch : profile.architectures) out += fmt::format("    - {}\n", arch_info(arch).oci_name);
  if (!profile.flags.empty()) out += "  flags:\n";
  for (const std::string& flag : profile.flags) out += "    - " + flag + "\n";
  out += "  syscalls:\n";
  for (const SyscallRule& rule : profile.rules) yaml_rule(out, rule);
  return Rendering{std::move(out), {}};
}

// systemd.exec(5), SystemCallArchitectures=
std::string_view systemd_arch(Arch arch) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"x86-64", "x86", "x32", "arm64", "arm", "riscv64", "s390x", "ppc64-le"});
  return kNames[static_cast<std::size_t>(arch)];
}

/// The values that the sets of a call give to its filtered argument; nothing if the call is whole or has several.
std::optional<std::vector<std::uint64_t>> single_values(const Plan& plan, const std::string& call) {
  const auto found = plan.calls.find(call);
  if (found == plan.calls.end()) return std::vector<std::uint64_t>{};
  if (found->second.whole) return std::nullopt;
  std::vector<std::uint64_t> values;
  for (const auto& [set, origin] : found->second.sets) values.push_back(set.front().value_two);
  return values;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::vector<std::string> families(const Plan& plan) {
  std::set<std::string> out;
  for (const char* call : {"socket", "socketpair"}) {
    const auto values = single_values(plan, call);
    if (!values) return {};
    for (const std::uint64_t value : *values) out.insert(socket_family_name(static_cast<int>(value)));
  }
  return {out.begin(), out.end()};
}

void systemd_families(const Plan& plan, std::string& out) {
  const bool filtered = single_values(plan, "socket").has_value() && single_values(plan, "socketpair").has_value();
  if (!filtered) return;
  std::vector<std::string> names;
  for (const std::string& family : families(plan)) names.push_back("AF_" + upper(family));
  out += "RestrictAddressFamilies=" + (names.empty() ? "none" : join(names, " ")) + "\n";
}

void systemd_namespaces(const Plan& plan, std::string& out) {
  std::set<std::string> kinds;
  for (const char* call : {"clone", "unshare", "setns"}) {
    const auto values = single_values(plan, call);
    if (!values) return;
    for (const std::uint64_t value : *values)
      for (const std::string& kind : namespace_kinds(value)) kinds.insert(kind == "mount" ? "mnt" : kind);
  }
  if (kinds.contains("time")) return;  // systemd has no word for it
  out += "RestrictNamespaces=" + (kinds.empty() ? "yes" : join({kinds.begin(), kinds.end()}, " ")) + "\n";
}

/// "~call:ERRNO" after the list of what is allowed: the call is denied with that errno (systemd.exec(5), since 247).
/// Before the list, "~" would make all of it a list of what is denied.
void systemd_errnos(const Plan& plan, std::string& out) {
  std::string lines;
  for (const auto& [name, row] : plan.denial.explicit_errnos)
    if (on_plan(plan, name))
      lines += fmt::format("SystemCallFilter=~{}:{}\n", name, errno_name(static_cast<int>(row.number)));
  if (!lines.empty())
    out += "# Libraries fall back from these where they take them for missing, and fail on any other errno.\n" + lines;
}

Result<Rendering> render_systemd(const Plan& plan, const Data&) {
  Rendering out;
  out.bytes = header(plan, "#") +
              "# Put it into /etc/systemd/system/UNIT.service.d/ and run: systemctl daemon-reload\n[Service]\n";
  out.bytes += "NoNewPrivileges=yes\n";
  if (plan.denial.logged) {  // systemd.exec(5), SystemCallLog=
    out.bytes += "# Calls that are not allowed are logged too.\nSystemCallLog=~" + join(known_calls(plan), " ") + "\n";
  }
  std::vector<std::string> arches = {"native"};
  for (const Arch arch : plan.arches)
    if (arch != plan.arches.front()) arches.emplace_back(systemd_arch(arch));
  out.bytes += "SystemCallArchitectures=" + join(arches, " ") + "\n";
  const auto calls = known_calls(plan);
  constexpr std::size_t kPerLine = 8;
  for (std::size_t i = 0; i < calls.size(); i += kPerLine)
    out.bytes += "SystemCallFilter=" +
                 join({calls.begin() + static_cast<std::ptrdiff_t>(i),
                       calls.begin() + static_cast<std::ptrdiff_t>(std::min(i + kPerLine, calls.size()))},
                      " ") +
                 "\n";
  systemd_errnos(plan, out.bytes);
  if (plan.denial.action == Action::kErrno)
    out.bytes += fmt::format("SystemCallErrorNumber={}\n", errno_name(static_cast<int>(plan.denial.errno_number)));
  if (plan.denial.action == Action::kLog)
    out.lost.emplace_back("systemd has no log-only mode: calls not listed kill the program");
  systemd_families(plan, out.bytes);
  systemd_namespaces(plan, out.bytes);
  if (!plan.calls.contains("personality")) out.bytes += "LockPersonality=yes\n";
  note_arguments(plan, "SystemCallFilter=", out);
  return out;
}

/// minijail's "==" compares all 64 bits and "in" takes a mask, so only whole words and "no bit of the mask" can be
/// said.
std::optional<std::string> minijail_atom(const ArgCondition& c) {
  if (c.value == kWord) return fmt::format("arg{} == {:#x}", c.index, c.value_two);
  if (c.value_two == 0) return fmt::format("arg{} in {:#x}", c.index, ~c.value);
  return std::nullopt;
}

std::optional<std::string> minijail_expression(const Allowance& allowance) {
  std::vector<std::string> any;
  for (const auto& [set, origin] : allowance.sets) {
    std::vector<std::string> all;
    for (const ArgCondition& c : set) {
      const auto atom = minijail_atom(c);
      if (!atom) return std::nullopt;
      all.push_back(*atom);
    }
    any.push_back(join(all, " && "));
  }
  return join(any, " || ");
}

Result<Rendering> render_minijail(const Plan& plan, const Data&) {
  Rendering out;
  out.bytes = header(plan, "#");
  out.bytes += fmt::format("# {} only: a policy of minijail's is for one ABI.\n", arch_info(plan.arches.front()).name);
  for (const auto& [name, allowance] : plan.calls) {
    if (!number_on(plan.arches.front(), name)) continue;
    const auto expression = allowance.whole ? std::optional<std::string>("1") : minijail_expression(allowance);
    if (!expression) out.lost.push_back("minijail cannot say the masks of " + name + ": allowed whole");
    out.bytes += name + ": " + expression.value_or("1") + "\n";
  }
  for (const auto& [name, row] : plan.denial.explicit_errnos)
    if (number_on(plan.arches.front(), name)) out.bytes += fmt::format("{}: return {}\n", name, row.number);
  if (plan.arches.size() > 1) out.lost.emplace_back("minijail: compat ABIs are not in the policy");
  return out;
}

/// A list of what to keep has one action for all the rest (firejail(1), --seccomp.keep, --seccomp-error-action).
void firejail_errno(const Plan& plan, Rendering& out) {
  if (plan.denial.explicit_errnos.empty()) {
    out.bytes += fmt::format("seccomp-error-action {}\n", errno_name(static_cast<int>(plan.denial.errno_number)));
    return;
  }
  out.bytes +=
      "# One errno for all that is denied: firejail has none for each call beside seccomp.keep. ENOSYS, since\n"
      "# libraries fall back from it; a program that expects EPERM is told that the call is missing.\n"
      "seccomp-error-action ENOSYS\n";
  out.lost.push_back(
      fmt::format("firejail has one errno for all that is denied: ENOSYS, for the {} calls that libraries fall back "
                  "from; all others get it too instead of EPERM",
                  plan.denial.explicit_errnos.size()));
}

Result<Rendering> render_firejail(const Plan& plan, const Data&) {
  Rendering out;
  out.bytes = header(plan, "#") + "seccomp.keep " + join(known_calls(plan), ",") + "\n";
  if (plan.denial.action == Action::kErrno) firejail_errno(plan, out);
  if (plan.denial.action == Action::kLog) out.bytes += "seccomp-error-action log\n";
  if (plan.denial.action == Action::kKillProcess) out.bytes += "seccomp-error-action kill\n";
  note_arguments(plan, "firejail", out);
  return out;
}

/// The layout that runs fewer instructions a call. The tree's decisions are those of runc's, which proven() simulates.
Result<Rendering> render_bpf(const Plan& plan, const Data&) {
  const Profile profile = profile_of(plan);
  const Arch host = plan.arches.front();
  const auto tree = tree_pays(profile, host);
  if (!tree) return tree.error();
  auto compiled = *tree ? compile_tree(profile, host) : compile(profile, Runtime::kPlain, host);
  if (!compiled) return compiled.error();
  return Rendering{bpf_bytes(compiled->program), {}};
}

std::string c_identifier(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += fine ? c : '_';
  }
  return out.empty() || (out[0] >= '0' && out[0] <= '9') ? "p_" + out : out;
}

std::string_view c_compare(Compare op) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"});
  return kNames[static_cast<std::size_t>(op)];
}

std::string c_action(Action action, const std::optional<std::uint32_t>& number) {
  switch (action) {
    case Action::kErrno: return fmt::format("SCMP_ACT_ERRNO({})", errno_of(number));
    case Action::kLog: return "SCMP_ACT_LOG";
    case Action::kKillProcess: return "SCMP_ACT_KILL_PROCESS";
    default: return "SCMP_ACT_ALLOW";
  }
}

void c_rule(std::string& out, const SyscallRule& rule) {
  out += fmt::format("    /* {} */\n", one_line(rule.comment));
  for (const std::string& name : rule.names) {
    out += fmt::format("    {{{}, \"{}\", {}, {{", c_action(rule.action, rule.errno_ret), name, rule.args.size());
    for (const ArgCondition& c : rule.args)
      out += fmt::format("{{{}, {}, {:#x}, {:#x}}}, ", c.index, c_compare(c.op), c.value, c.value_two);
    out += rule.args.empty() ? "{0}}},\n" : "}},\n";
  }
}

/// Rules as a table and one loop, so that the file reads as the policy does. Names that libseccomp does not know are
/// skipped, as the runtimes do.
Result<Rendering> render_libseccomp(const Plan& plan, const Data&) {
  const Profile profile = profile_of(plan);
  const auto tree = tree_pays(profile, plan.arches.front());
  if (!tree) return tree.error();
  std::string out = "/*\n" + header(plan, " *") + " * Link with -lseccomp. Returns 0, or a negative errno.\n */\n";
  out += "#include <errno.h>\n#include <seccomp.h>\n#include <stddef.h>\n\n";
  out +=
      "static const struct {\n    uint32_t action;\n    const char *name;\n    unsigned count;\n"
      "    struct scmp_arg_cmp args[6];\n} rules[] = {\n";
  for (const SyscallRule& rule : profile.rules) c_rule(out, rule);
  out += "};\n\n";
  out += fmt::format("int {}_load_filter(void)\n{{\n", c_identifier(plan.name));
  out += fmt::format("    scmp_filter_ctx ctx = seccomp_init({});\n    int rc = ctx ? 0 : -ENOMEM;\n\n",
                     c_action(profile.default_action, profile.default_errno_ret));
  for (const Arch arch : plan.arches)
    if (arch != plan.arches.front())
      out += fmt::format("    if (rc == 0)\n        rc = seccomp_arch_add(ctx, {});\n", arch_info(arch).oci_name);
  if (*tree)
    out += "    if (rc == 0)\n        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */\n";
  out +=
      "    for (size_t i = 0; rc == 0 && i < sizeof rules / sizeof rules[0]; i++) {\n"
      "        int number = seccomp_syscall_resolve_name(rules[i].name);\n\n"
      "        if (number != __NR_SCMP_ERROR)\n"
      "            rc = seccomp_rule_add_array(ctx, rules[i].action, number, rules[i].count, rules[i].args);\n    }\n"
      "    if (rc == 0)\n        rc = seccomp_load(ctx);\n"
      "    seccomp_release(ctx);\n    return rc;\n}\n";
  return Rendering{std::move(out), {}};
}

constexpr auto kFormats = std::to_array<Format>({
    {"oci", ".seccomp.json", "OCI runtime-spec JSON", render_oci},
    {"containerd", ".containerd.json", "OCI JSON for containerd", render_oci},
    {"kubernetes", ".localhost.json", "OCI JSON for a node's seccomp folder (type: Localhost)", render_oci},
    {"docker", ".docker.json", "Docker's JSON with archMap, includes and excludes", render_docker},
    {"podman", ".podman.json", "containers-common's JSON", render_docker},
    {"spo", ".seccompprofile.yaml", "a SeccompProfile of the Security Profiles Operator", render_spo},
    {"systemd", ".systemd.conf", "a drop-in with SystemCallFilter= and kin", render_systemd},
    {"minijail", ".minijail.policy", "a minijail policy", render_minijail},
    {"firejail", ".firejail.inc", "lines for a firejail profile", render_firejail},
    {"bpf", ".bpf", "the raw program, as SECCOMP_SET_MODE_FILTER takes it", render_bpf},
    {"libseccomp", ".seccomp.c", "a C function that loads the filter through libseccomp", render_libseccomp},
});

}  // namespace

std::span<const Format> formats() { return kFormats; }

const Format* format_named(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace cordon::seccomp
