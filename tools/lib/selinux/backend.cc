#include "selinux/backend.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fd.h"
#include "base/text.h"
#include "selinux/app_module.h"
#include "selinux/container.h"
#include "selinux/container_info.h"
#include "selinux/decider.h"
#include "selinux/demand.h"
#include "selinux/diff.h"
#include "selinux/interface_file.h"
#include "selinux/module_files.h"
#include "selinux/neverallow.h"
#include "selinux/package.h"
#include "selinux/peers.h"
#include "selinux/refpolicy_te.h"

namespace cordon {
namespace {

using namespace selinux;

constexpr OptionSpec kOptions[] = {
    {"policy", "", "", "the binary policy to look names up in and to decide with (else the loaded or installed one)"},
    {"file-contexts", "", "", "the file contexts that label the targets (else the installed ones)"},
    {"caller", "", "auto", "the domains that start the program, by commas: unconfined_t, init_t, user_t, …"},
    {"peer", "", "",
     "the domains of programs that were not recorded, by commas: WHAT=DOMAIN, where WHAT is a socket's address or a "
     "program's path"},
    {"own-ports", "FLAG", "",
     "give a port that no service is known for a type of its own, in place of the type that all such ports share"},
    {"ioctl", "seen|any", "seen",
     "which ioctl commands the domain may use where it may use any: those that were recorded, or all"},
    {"container", "", "",
     "write a module for a container, not for a program: its 'podman inspect', 'docker inspect', 'crictl inspect', "
     "'nerdctl inspect' or OCI config.json ('-' is standard input)"},
    {"templates", "FLAG", "",
     "a container module inherits from the container block of udica's templates, which must be installed where it is "
     "loaded"},
    {"style", "plain|refpolicy", "plain",
     "how the .te is written: plain, for checkmodule, or with refpolicy's interfaces where they grant little more"},
    {"neverallow", "", "",
     "refuse a module that breaks these neverallow rules: a CIL file, or \"installed\" for the base module's"},
    {"bounds", "", "", "refuse a module that allows more than this CIL file does, be it by what an attribute brings"},
    {"permissive", "FLAG", "", "make the new domain permissive: denials are logged, not enforced"},
    {"label-interpreter", "FLAG", "",
     "label the program though it is a shell or an interpreter that other programs share"},
};

std::string value(const BackendOptions& options, const char* name) {
  const auto found = options.values.find(name);
  return found == options.values.end() ? std::string() : found->second;
}

Result<PolicyDb> load_policy(const BackendOptions& options) {
  const std::string given = value(options, "policy");
  if (!given.empty()) return PolicyDb::load(given);
  auto found = find_policy();
  if (!found) return found.error();
  return PolicyDb::load(*found);
}

Result<Labels> load_labels(const BackendOptions& options) {
  const std::string given = value(options, "file-contexts");
  if (!given.empty()) return Labels::open(given);
  auto found = find_file_contexts();
  if (!found) return found.error();
  return Labels::open(*found);
}

bool is_on(const BackendOptions& options, const char* name) {
  const std::string given = value(options, name);
  return !given.empty() && given != "0" && given != "false";
}

Result<AppOptions> app_options(const BackendOptions& options, const PolicyDb& policy) {
  AppOptions out;
  auto peers = read_peers(value(options, "peer"), policy);
  if (!peers) return peers.error();
  out.peers = std::move(*peers);
  const std::string callers = value(options, "caller");
  if (!callers.empty() && callers != "auto")
    for (std::string_view name : split(callers, ',')) out.callers.emplace_back(trim(name));
  if (callers.empty() && options.platform == Platform::kSystemd) out.callers = {"init_t", "initrc_t"};
  out.own_ports = is_on(options, "own-ports");
  out.any_ioctl = value(options, "ioctl") == "any";
  out.permissive = is_on(options, "permissive");
  out.label_interpreter = is_on(options, "label-interpreter");
  return out;
}

class SelinuxBackend final : public Backend {
 public:
  std::string_view name() const override { return "selinux"; }
  std::span<const OptionSpec> options() const override { return kOptions; }
  bool governs(const Operation& operation) const override { return is_governed(operation); }
  Expression express(const Grant& grant, const BackendOptions& options) const override;
  Result<Emission> emit(const Policy& policy, const BackendOptions& options, Diagnostics& diagnostics) const override;
  bool recognises(const std::string& path, std::string_view start) const override;
  Result<std::unique_ptr<Decider>> read(const std::vector<std::string>& paths, const BackendOptions& options,
                                        Diagnostics& diagnostics) const override;
};

Expression SelinuxBackend::express(const Grant& grant, const BackendOptions&) const {
  const Demands demands = demands_of(grant.operation, [](std::string_view) { return true; });
  if (demands.all.empty() && demands.untold.empty()) return {Fit::kNone, "SELinux is not asked for such an operation"};
  if (!demands.untold.empty()) return {Fit::kNarrower, "not all of it can be told: " + demands.untold};
  if (std::holds_alternative<FileOp>(grant.operation) || std::holds_alternative<ExecOp>(grant.operation))
    return {Fit::kWider, "SELinux grants by label: every object of the same type"};
  return {};
}

/// The .te in refpolicy's style; plain where its interfaces are not installed.
std::string styled_te(const AppModule& built, const PolicyDb& policy, Emission& out, Diagnostics& diagnostics) {
  const auto interfaces = Interfaces::load(Interfaces::default_directory(), &policy);
  if (!interfaces) {
    diagnostics.warn("the .te is plain: " + interfaces.error().what, interfaces.error().where, interfaces.error().hint);
    return write_te(built.module);
  }
  RefpolicyText text = write_refpolicy_te(built.module, built.domain, *interfaces);
  out.added.insert(out.added.end(), text.excess.begin(), text.excess.end());
  return std::move(text.te);
}

Error gate_error(const std::string& what, const std::vector<std::string>& lines, const std::string& where) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> shown(lines.begin(),
                                 lines.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, lines.size())));
  if (lines.size() > kShown) shown.push_back(fmt::format("and {} more", lines.size() - kShown));
  return Error{ErrorCode::kRefused, what + ": " + join(shown, "; "), where, {}};
}

Result<void> check_neverallows(const std::string& given, const Module& module, const PolicyDb& policy,
                               Diagnostics& diagnostics) {
  auto rules = given == "installed" ? Neverallows::installed() : Neverallows::load(given);
  if (!rules) return rules.error();
  const NeverallowReport report = rules->check(module, policy);
  for (const std::string& line : report.unchecked)
    diagnostics.warn("a neverallow rule cannot be checked: " + line, given);
  std::vector<std::string> broken;
  for (const Broken& one : report.broken) broken.push_back(one.rule + " breaks " + one.statement);
  if (!broken.empty()) return gate_error("the module breaks neverallow rules", broken, given);
  diagnostics.note(fmt::format("{} checked, none is broken", counted(report.checked, "neverallow rule")), given);
  return {};
}

/// The gates that the options name, on the module and the policy without it.
Result<void> check_gates(const Module& module, const PolicyDb& policy, const BackendOptions& options,
                         Diagnostics& diagnostics) {
  if (const std::string given = value(options, "neverallow"); !given.empty())
    if (auto checked = check_neverallows(given, module, policy, diagnostics); !checked) return checked;
  const std::string ceiling_file = value(options, "bounds");
  if (ceiling_file.empty()) return {};
  auto ceiling = read_module({ceiling_file}, policy.mls(), diagnostics);
  if (!ceiling) return ceiling.error();
  const auto outside = outside_bounds(module, *ceiling, &policy);
  if (!outside.empty()) return gate_error("the module allows more than its bounds", outside, ceiling_file);
  return {};
}

Emission files_of(AppModule built, const PolicyDb& policy, const Labels& labels, bool refpolicy,
                  Diagnostics& diagnostics) {
  Emission out;
  const Module& module = built.module;
  const ContextStyle style = policy.mls() ? ContextStyle::kMls : ContextStyle::kPlain;
  const std::string te = write_te(module);
  const std::string fc = write_fc(module, style);
  out.files = {{".te", refpolicy ? styled_te(built, policy, out, diagnostics) : te},
               {".fc", refpolicy ? write_fc(module, ContextStyle::kGenContext) : fc},
               {".if", write_interfaces(module, built.domain, built.exec_type)},
               {".cil", write_cil(module, policy.mls())}};
  if (auto package = build_package(module.name, te, fc, policy.mls())) {
    out.files.push_back({".pp", std::move(*package)});
  } else {
    diagnostics.warn("no .pp was made: " + package.error().what, package.error().where, package.error().hint);
    built.summary.push_back("no .pp: " + package.error().what);
    out.unmade.push_back(".pp");
  }
  out.notes = std::move(built.notes);
  out.summary = std::move(built.summary);
  out.added.insert(out.added.begin(), built.added.begin(), built.added.end());
  out.inputs = {{"policy " + policy.where(), policy.digest()}, {"file contexts " + labels.where(), labels.digest()}};
  return out;
}

/// Where the process's label is the engine's to give, and no transition leads into a domain.
bool is_for_container(const BackendOptions& options) {
  static constexpr Platform kEngines[] = {Platform::kDocker, Platform::kPodman, Platform::kKubernetes, Platform::kEcs};
  return options.values.contains("container") ||
         std::find(std::begin(kEngines), std::end(kEngines), options.platform) != std::end(kEngines);
}

Result<std::optional<ContainerInfo>> load_container(const BackendOptions& options) {
  const std::string given = value(options, "container");
  if (given.empty()) return std::optional<ContainerInfo>();
  auto text = read_file(given, std::size_t{32} << 20);
  if (!text) return text.error();
  auto info = read_container_info(*text, given);
  if (!info) return info.error();
  return std::optional(std::move(*info));
}

Result<Emission> emit_container(const Policy& policy, const PolicyDb& base, const Labels& labels,
                                const BackendOptions& options, Diagnostics& diagnostics) {
  auto info = load_container(options);
  if (!info) return info.error();
  auto peers = read_peers(value(options, "peer"), base);
  if (!peers) return peers.error();
  const bool recorded = !policy.rules.empty() || !policy.runs.empty();
  auto built = build_container_module(recorded ? &policy : nullptr, *info ? &**info : nullptr, base, labels,
                                      {policy.name, std::move(*peers), is_on(options, "templates")});
  if (!built) return built.error();
  if (auto gates = check_gates(built->module, base, options, diagnostics); !gates) return gates.error();
  Emission out;
  out.files = {{".cil", std::move(built->cil)}};
  if (!built->selinux_profile.empty()) out.files.push_back({".selinuxprofile.yaml", std::move(built->selinux_profile)});
  out.summary = std::move(built->summary);
  out.added = std::move(built->added);
  out.inputs = {{"policy " + base.where(), base.digest()}, {"file contexts " + labels.where(), labels.digest()}};
  return out;
}

Result<Emission> SelinuxBackend::emit(const Policy& policy, const BackendOptions& options,
                                      Diagnostics& diagnostics) const {
  auto base = load_policy(options);
  if (!base) return base.error();
  auto labels = load_labels(options);
  if (!labels) return labels.error();
  if (is_for_container(options)) return emit_container(policy, *base, *labels, options, diagnostics);
  auto app = app_options(options, *base);
  if (!app) return app.error();
  auto built = build_app_module(policy, *base, *labels, *app, diagnostics);
  if (!built) return built.error();
  if (const auto bad = bad_names(built->module); !bad.empty())
    return Error{ErrorCode::kRefused, "a name cannot stand in policy source: " + bad.front(), {}, {}};
  if (auto gates = check_gates(built->module, *base, options, diagnostics); !gates) return gates.error();
  return files_of(std::move(*built), *base, *labels, value(options, "style") == "refpolicy", diagnostics);
}

bool SelinuxBackend::recognises(const std::string& path, std::string_view start) const {
  if (is_package(start) || is_policy(start)) return true;
  const std::string_view text = trim(start.substr(0, 4096));
  if (path.ends_with(".cil")) return text.empty() || text.front() == '(' || text.front() == ';';
  if (path.ends_with(".te")) return text.find("module ") != text.npos || text.find("policy_module(") != text.npos;
  if (path.ends_with(".fc"))
    return text.find(":object_r:") != text.npos || text.find("gen_context(") != text.npos || text.empty();
  return path.ends_with(".if") && text.find("interface(`") != text.npos;
}

Result<std::unique_ptr<Decider>> SelinuxBackend::read(const std::vector<std::string>& paths,
                                                      const BackendOptions& options, Diagnostics& diagnostics) const {
  auto policy = load_policy(options);
  if (!policy) return policy.error();
  auto labels = load_labels(options);
  if (!labels) return labels.error();
  auto module = read_module(paths, policy->mls(), diagnostics);
  if (!module) return module.error();
  if (auto gates = check_gates(*module, *policy, options, diagnostics); !gates) return gates.error();
  auto peers = read_peers(value(options, "peer"), *policy);
  if (!peers) return peers.error();
  auto info = load_container(options);
  if (!info) return info.error();
  return make_decider(std::move(*policy), std::move(*labels), std::move(*module), diagnostics, *peers,
                      *info ? (*info)->mounts : std::vector<ContainerMount>());
}

}  // namespace

const Backend& selinux_backend() {
  static const SelinuxBackend backend;
  return backend;
}

}  // namespace cordon
