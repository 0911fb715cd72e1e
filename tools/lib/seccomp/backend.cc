#include "seccomp/backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/fd.h"
#include "base/text.h"
#include "seccomp/combine.h"
#include "seccomp/cost.h"
#include "seccomp/decide.h"
#include "seccomp/expand.h"
#include "seccomp/formats.h"
#include "seccomp/names.h"
#include "seccomp/read.h"
#include "seccomp/risk.h"
#include "seccomp/verify.h"
#include "seccomp/write.h"

namespace cordon {
namespace seccomp {
namespace {

const std::vector<Runtime> kAllRuntimes = {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc};
constexpr std::size_t kMaxProfileBytes = std::size_t{8} << 20;

constexpr auto kOptions = std::to_array<OptionSpec>({
    {"arguments", "none|safe|tight", "safe",
     "filter by argument: not at all, where it is dangerous or never needed, or everywhere it was seen"},
    {"compat", "FLAG", "", "allow the machine's 32-bit ABIs too, though they were not seen"},
    {"seccomp-action", "errno|log|kill_process", "errno", "what a call that is not allowed comes to"},
    {"log-denials", "FLAG", "", "have the kernel log what the filter denies, for cordon-audit to read"},
    {"audit-first", "FLAG", "", "also write a profile that only logs, to soak before the other one is enforced"},
    {"seccomp-format", "oci|containerd|kubernetes|docker|podman|spo|systemd|minijail|firejail|bpf|libseccomp", "oci",
     "write this form too, beside the OCI profile"},
    {"packs", "", "auto",
     "baseline packs, separated by commas. auto: those of --for, and of glibc, musl, go, jvm, node and python those "
     "that the recording tells of; NAME adds one, -NAME leaves one out, none begins with no pack"},
    {"clone3", "auto|allow|fallback", "auto",
     "what a seen clone3 comes to, whose flags no filter sees: auto denies it with ENOSYS where its callers are known "
     "to fall back to clone, and grants clone with the same flags"},
    {"timing", "on|off", "on",
     "allow the calls that a program makes or not as its timing happens to be, beside those seen"},
    {"twins", "on|off", "on", "allow the calls that other libc versions and ABIs use instead of those seen"},
    {"no-new-privs", "yes|no|both", "both",
     "whether the program runs with no_new_privs, which decides what a runtime needs"},
    {"as", "auto|libseccomp|crun|runc", "auto",
     "decide as this runtime compiles the profile; auto: all that --for stands for"},
    {"container-caps", "", "default",
     "the container's capabilities (CAP_X,CAP_Y), for profiles with conditions; default: Docker's"},
    {"map-to", "", "",
     "ABIs to write the profile for as well, separated by commas (aarch64, riscv64, s390x, ppc64le, arm, i386)"},
});

std::vector<std::string> platform_packs(Platform platform) {
  switch (platform) {
    case Platform::kDocker:
    case Platform::kKubernetes:
    case Platform::kEcs: return {"kernel", "vdso", "crun", "runc"};
    case Platform::kPodman: return {"kernel", "vdso", "crun", "runc", "podman"};
    case Platform::kSystemd: return {"kernel", "vdso", "systemd"};
    default: return {"kernel", "vdso", "try"};
  }
}

std::string value_of(const BackendOptions& options, std::string_view name) {
  const auto found = options.values.find(std::string(name));
  if (found != options.values.end()) return found->second;
  for (const OptionSpec& spec : kOptions)
    if (spec.name == name) return std::string(spec.default_value);
  return {};
}

bool is_set(const BackendOptions& options, std::string_view name) {
  const std::string value = value_of(options, name);
  return !value.empty() && value != "0" && value != "false" && value != "off";
}

Error bad_option(std::string_view name, const std::string& value) {
  return Error{ErrorCode::kUsage, "--" + std::string(name) + " does not take \"" + value + "\"", {}, {}};
}

Error no_such_pack(const std::string& name, const Data& data) {
  std::vector<std::string> names;
  for (const auto& [known, pack] : data.packs) names.push_back(known);
  return Error{ErrorCode::kUsage, "no pack is called \"" + name + "\"", {}, "there are " + join(names, ", ")};
}

Result<void> packs_in(const BackendOptions& options, const Data& data, PlanOptions& out) {
  out.packs = platform_packs(options.platform);
  out.told_packs = true;
  const std::string given = value_of(options, "packs");
  for (const std::string_view word : split(given, ',')) {
    if (word.empty() || word == "auto") continue;
    if (word == "none") {
      out.packs.clear();
      out.told_packs = false;
      continue;
    }
    const bool leaves_out = word.front() == '-';
    const std::string name(leaves_out ? word.substr(1) : word);
    if (!data.packs.contains(name)) return no_such_pack(name, data);
    std::erase(out.packs, name);
    if (leaves_out)
      out.left_out.insert(name);
    else
      out.packs.push_back(name);
  }
  return {};
}

std::vector<Runtime> runtimes_in(const BackendOptions& options) {
  const std::string as = value_of(options, "as");
  if (as == "libseccomp") return {Runtime::kPlain};
  if (as == "crun") return {Runtime::kCrun};
  if (as == "runc") return {Runtime::kRunc};
  return runtimes_of(options.platform);
}

Result<std::vector<Arch>> arches_in(const std::string& list) {
  std::vector<Arch> out;
  for (const std::string_view word : split(list, ',')) {
    if (word.empty()) continue;
    const auto arch = arch_from_name(word);
    if (!arch) return bad_option("map-to", std::string(word));
    out.push_back(*arch);
  }
  return out;
}

bool recognises_profile(std::string_view start) {
  return start.find("defaultAction") != std::string_view::npos ||
         start.find("SeccompProfile") != std::string_view::npos;
}

/// What the emission gathers while its parts are made.
class Emitter {
 public:
  Emitter(const BackendOptions& options, const Data& data) : options_(options), data_(data) {}

  Result<Emission> emit(const Policy& policy, const PlanOptions& plan_options, Diagnostics& diagnostics) {
    Planned planned = plan_of(policy, plan_options, data_, diagnostics);
    out_.notes = std::move(planned.notes);
    if (auto ok = main_profile(planned.plan); !ok) return ok.error();
    if (auto ok = mapped_profiles(planned.plan); !ok) return ok.error();
    if (auto ok = other_format(planned.plan); !ok) return ok.error();
    if (is_set(options_, "audit-first"))
      if (auto ok = audit_profile(planned.plan); !ok) return ok.error();
    list_added(planned.plan);
    return std::move(out_);
  }

 private:
  Result<void> main_profile(const Plan& plan) {
    auto based = on_base(plan);
    if (!based) return based.error();
    const Profile& profile = *based;
    out_.files.push_back({".seccomp.json", write_json(profile, Dialect::kOci)});
    const auto longest = proven(profile, kAllRuntimes, plan.arches.front());
    if (!longest) return longest.error();
    summarise(plan, profile, *longest);
    return {};
  }

  /// The plan as a profile, or a hand-written profile (--base) with what the plan needs added to it.
  Result<Profile> on_base(const Plan& plan) {
    const std::string path = value_of(options_, "base");
    if (path.empty()) return profile_of(plan);
    auto text = read_file(path, kMaxProfileBytes);
    if (!text) return text.error();
    if (text->find("defaultAction") == std::string::npos) return profile_of(plan);  // another language's base
    Diagnostics diagnostics;
    auto read = read_profile(*text, path, diagnostics);
    if (!read) return read.error();
    out_.inputs[path] = sha256_hex(*text);
    Based based = add_to_base(resolved(read->profile, {}), plan, plan.arches.front());
    out_.summary.push_back("added to the base: " + (based.added.empty() ? "nothing" : join(based.added, ", ")));
    if (!based.unneeded.empty())
      out_.summary.push_back("the base allows, and nothing seen needs: " + join(based.unneeded, ", "));
    return std::move(based.profile);
  }

  void summarise(const Plan& plan, const Profile& profile, std::size_t instructions) {
    for (const Arch arch : plan.arches) {
      const auto allowed = std::count_if(plan.calls.begin(), plan.calls.end(),
                                         [&](const auto& call) { return number_on(arch, call.first).has_value(); });
      out_.summary.push_back(fmt::format("{} of {} syscalls on {}, {} of them only for arguments that were seen",
                                         allowed, names_on(arch).size(), arch_info(arch).name, plan.filtered_count()));
    }
    out_.summary.push_back(fmt::format(
        "the filter has at most {} BPF instructions; checked as libseccomp, crun and runc compile it", instructions));
    if (const auto means = layout_means(profile, plan.arches.front()); means && means->plain > 0)
      out_.summary.push_back(fmt::format(
          "an allowed call runs {:.0f} instructions, {:.0f} in runc's tree layout ({:.2f} of the plain one)",
          means->plain, means->tree, means->tree / means->plain));
    std::vector<std::string> told;
    for (const auto& [pack, path] : plan.told_packs) told.push_back(pack + " (" + path + ")");
    if (!told.empty())
      out_.summary.push_back("baseline packs that the recording tells of: " + join(told, ", ") +
                             "; --packs -NAME leaves one out");
    if (plan.fallen_back.contains(std::string(kClone3)))
      out_.summary.emplace_back(
          "clone3 is answered ENOSYS: its callers fall back to clone, which is granted with the flags that were seen "
          "(--clone3 allow: not so)");
    if (!plan.whole_clone3.empty()) out_.summary.push_back(plan.whole_clone3);
    if (!profile.flags.empty())
      out_.summary.emplace_back("the profile has flags, which runc 1.1 refuses; crun and later runcs take them");
    for (std::string& line : risk_summary(assess(profile, data_, plan.arches.front()), data_))
      out_.summary.push_back(std::move(line));
    for (std::size_t i = 1; i < plan.arches.size(); ++i)
      out_.summary.push_back(std::string(arch_info(plan.arches[i]).name) +
                             (is_set(options_, "compat") ? ": asked for by --compat; every name counts there too"
                                                         : ": was seen; every name counts there too"));
  }

  Result<void> other_format(const Plan& plan) {
    const std::string name = value_of(options_, "seccomp-format");
    const Format* format = format_named(name);
    if (format == nullptr) return bad_option("seccomp-format", name);
    if (format->name == "oci") return {};
    auto rendered = format->render(plan, data_);
    if (!rendered) return rendered.error();
    if (auto ok = prove_rendered(*format, plan, rendered->bytes); !ok) return ok;
    out_.files.push_back({std::string(format->suffix), std::move(rendered->bytes)});
    for (std::string& lost : rendered->lost) out_.summary.push_back(std::string(format->name) + ": " + std::move(lost));
    return {};
  }

  /// What is a profile of a container engine is read back, and simulated on every machine that it is for.
  Result<void> prove_rendered(const Format& format, const Plan& plan, const std::string& bytes) const {
    if (!recognises_profile(bytes)) return {};
    Diagnostics unused;
    auto read = read_profile(bytes, "NAME" + std::string(format.suffix), unused);
    if (!read) return read.error();
    std::vector<Arch> machines = {plan.arches.front()};
    if (!read->profile.arch_map.empty())
      for (const Plan& other : plan.elsewhere) machines.push_back(other.arches.front());
    for (const Arch machine : machines) {
      Host host = host_for(options_, read->dialect);
      host.arch = machine;
      if (auto length = proven(resolved(read->profile, host), kAllRuntimes, machine); !length) return length.error();
    }
    return {};
  }

  Result<void> audit_profile(const Plan& plan) {
    Plan soft = plan;
    soft.denial = {Action::kLog, 0, {}, false};
    for (const std::string& name : plan.fallen_back)
      soft.allow(name, {0, "observed", ""});  // nobody falls back from what runs
    const Profile profile = profile_of(soft);
    if (auto length = proven(profile, kAllRuntimes, plan.arches.front()); !length) return length.error();
    out_.files.push_back({".seccomp-audit.json", write_json(profile, Dialect::kOci)});
    out_.summary.emplace_back("NAME.seccomp-audit.json denies nothing and logs what the other would deny");
    return {};
  }

  Result<void> mapped_profiles(Plan& plan) {
    auto arches = arches_in(value_of(options_, "map-to"));
    if (!arches) return arches.error();
    for (const Arch arch : *arches) {
      const Mapped mapped = map_to(plan, arch, data_);
      const Profile profile = profile_of(mapped.plan);
      if (auto length = proven(profile, kAllRuntimes, arch); !length) return length.error();
      out_.files.push_back(
          {"." + std::string(arch_info(arch).name) + ".seccomp.json", write_json(profile, Dialect::kOci)});
      for (const std::string& lost : mapped.lost) out_.summary.push_back(lost);
      plan.elsewhere.push_back(mapped.plan);
    }
    return {};
  }

  void list_added(const Plan& plan) {
    std::map<Origin, std::vector<std::string>> added;
    for (const auto& [name, allowance] : plan.calls) {
      if (allowance.whole && allowance.origin.added()) added[allowance.origin].push_back(name);
      std::set<Origin> origins;
      for (const auto& [set, origin] : allowance.sets)
        if (origin.added()) origins.insert(origin);
      for (const Origin& origin : origins) added[origin].push_back(name + " (by argument)");
    }
    for (const auto& [origin, names] : added)
      out_.added.push_back(
          fmt::format("{}: not observed, granted because {} ({})", join(names, " "), origin.reason, origin.layer));
  }

  const BackendOptions& options_;
  const Data& data_;
  Emission out_;
};

class SeccompBackend final : public Backend {
 public:
  std::string_view name() const override { return "seccomp"; }
  std::span<const OptionSpec> options() const override { return kOptions; }
  bool governs(const Operation& operation) const override { return std::holds_alternative<SyscallOp>(operation); }

  Expression express(const Grant& grant, const BackendOptions& options) const override {
    const auto* op = std::get_if<SyscallOp>(&grant.operation);
    if (op == nullptr) return {Fit::kNone, "seccomp sees system calls only"};
    if (op->name.empty()) return {Fit::kNone, "a call without a name"};
    if (op->name == kClone3) return {Fit::kWider, "a filter cannot see the flags of clone3"};
    if (!is_known_name(op->name)) return {Fit::kNarrower, "libseccomp does not know " + op->name};
    auto data = load_data(options.data_dir);
    const auto level = argument_level(value_of(options, "arguments"));
    if (!data || !level) return {Fit::kWider, "the argument table cannot be read"};
    const auto positions = filtered_positions(op->arch, op->name, *level, **data);
    for (const ArgPredicate& arg : op->args) {
      const bool exact = std::any_of(positions.begin(), positions.end(), [&](const FilteredPosition& p) {
        return p.index == arg.index && (p.mask & arg.mask) == arg.mask;
      });
      if (!exact) return {Fit::kWider, fmt::format("argument {} of {} is not filtered", arg.index, op->name)};
    }
    return {};
  }

  Result<Emission> emit(const Policy& policy, const BackendOptions& options, Diagnostics& diagnostics) const override {
    auto data = load_data(options.data_dir);
    if (!data) return data.error();
    auto plan_options_given = plan_options(options, **data);
    if (!plan_options_given) return plan_options_given.error();
    return Emitter(options, **data).emit(policy, *plan_options_given, diagnostics);
  }

  bool recognises(const std::string& path, std::string_view start) const override {
    if (path.ends_with(".bpf") || path.ends_with(".seccomp.json")) return true;
    return recognises_profile(start);
  }

  Result<std::unique_ptr<Decider>> read(const std::vector<std::string>& paths, const BackendOptions& options,
                                        Diagnostics& diagnostics) const override {
    auto data = load_data(options.data_dir);
    if (!data) return data.error();
    auto decider = std::make_unique<FilterDecider>();
    decider->fall_back(*data, clone3_mode(value_of(options, "clone3")) == Clone3::kFallback);
    std::size_t used = 0;
    for (const std::string& path : paths) {
      auto bytes = read_file(path, kMaxProfileBytes);
      if (!bytes) return bytes.error();
      if (!enforces(path, *bytes)) continue;
      ++used;
      if (auto ok = add_file(*decider, path, *bytes, options, diagnostics); !ok) return ok.error();
    }
    if (used == 0) return Error{ErrorCode::kBadInput, "none of the files is a seccomp profile", join(paths, ", "), {}};
    return std::unique_ptr<Decider>(std::move(decider));
  }

 private:
  /// Of a learned set, the enforcing profile of this machine: not the soaking one, not other ABIs' or tools' forms.
  bool enforces(const std::string& path, std::string_view bytes) const {
    if (path.ends_with(".seccomp-audit.json")) return false;
    for (const Arch arch : {Arch::kAarch64, Arch::kArm, Arch::kRiscv64, Arch::kS390x, Arch::kPpc64le})
      if (arch_info(arch).native != native_arch() &&
          path.ends_with("." + std::string(arch_info(arch).name) + ".seccomp.json"))
        return false;
    return recognises(path, bytes.substr(0, 65536));
  }

  static Result<void> add_file(FilterDecider& decider, const std::string& path, std::string_view bytes,
                               const BackendOptions& options, Diagnostics& diagnostics) {
    if (path.ends_with(".bpf")) {
      auto program = bpf_from_bytes(bytes, path);
      if (!program) return program.error();
      decider.add_program(std::move(*program), path);
      return {};
    }
    auto read = read_profile(bytes, path, diagnostics);
    if (!read) return read.error();
    return decider.add_profile(resolved(read->profile, host_for(options, read->dialect)), path, runtimes_in(options));
  }
};

}  // namespace

Host host_for(const BackendOptions& options, Dialect dialect) {
  Host host;
  host.knows_min_kernel = dialect != Dialect::kPodman;
  const std::string caps = value_of(options, "container-caps");
  if (caps == "default") return host;
  host.caps.clear();
  for (const std::string_view cap : split(caps, ','))
    if (!cap.empty()) host.caps.emplace(cap);
  return host;
}

Result<PlanOptions> plan_options(const BackendOptions& options, const Data& data) {
  PlanOptions out;
  const std::string level = value_of(options, "arguments");
  if (const auto known = argument_level(level))
    out.arguments = *known;
  else
    return bad_option("arguments", level);
  const std::string action = value_of(options, "seccomp-action");
  if (action == "log")
    out.denial = Action::kLog;
  else if (action == "kill_process")
    out.denial = Action::kKillProcess;
  else if (action != "errno")
    return bad_option("seccomp-action", action);
  if (const auto mode = clone3_mode(value_of(options, "clone3")))
    out.clone3 = *mode;
  else
    return bad_option("clone3", value_of(options, "clone3"));
  out.compat = is_set(options, "compat");
  out.log_denials = is_set(options, "log-denials");
  out.timing = is_set(options, "timing");
  out.twins = is_set(options, "twins");
  out.new_privs = value_of(options, "no-new-privs") != "yes";
  if (auto ok = packs_in(options, data, out); !ok) return ok.error();
  return out;
}

}  // namespace seccomp

const Backend& seccomp_backend() {
  static const seccomp::SeccompBackend backend;
  return backend;
}

}  // namespace cordon
