#include "apparmor/backend.h"

#include <array>

#include "apparmor/base_update.h"
#include "apparmor/decide.h"
#include "apparmor/emit.h"
#include "apparmor/translate.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/text.h"

namespace cordon {
namespace {

using namespace apparmor;

constexpr auto kOptions = std::to_array<OptionSpec>({
    {"abi", "3.0|4.0|5.0|auto", "3.0",
     "the version of the profile language; auto: the newest that the machine's parser knows"},
    {"generalise", "none|safe|broad", "safe", "how far names that vary from run to run become shapes"},
    {"abstractions", "", "none", "auto, none, or a list of abstractions to include where they fit"},
    {"exec", "ix|child|auto", "auto",
     "programs that it starts: under its profile, under child profiles, or by how far privileges differ"},
    {"denies", "on|off", "on", "audited denies of kernel interfaces, whatever else is granted"},
    {"attach-disconnected", "auto|yes|no", "auto",
     "names outside of the program's root matched as if they began there; auto: where the recording has such names"},
    {"compile-budget", "", "5",
     "seconds that apparmor_parser may need for the profile; names are coarsened to keep to it"},
});

/// The base with what it lacks, in place of a new profile.
Result<Emission> emit_update(const Policy& policy, const std::string& text, const EmitOptions& options,
                             Diagnostics& diagnostics) {
  auto update = update_profile(text, options.base, policy, options, diagnostics);
  if (!update) return update.error();
  Emission emission;
  emission.files.push_back({".apparmor", std::move(update->text)});
  emission.inputs[options.base] = sha256_hex(text);
  emission.summary.push_back(counted(update->added.size(), "rule") + " added to " + options.base + ", which allowed " +
                             std::to_string(update->already) + " of " + std::to_string(policy.rules.size()) +
                             " before");
  for (const std::string& refused : update->refused)
    diagnostics.warn("needed, but the profile denies it: " + refused, options.base,
                     "change the deny by hand if it may go");
  return emission;
}

class AppArmorBackend final : public Backend {
 public:
  std::string_view name() const override { return "apparmor"; }
  std::span<const OptionSpec> options() const override { return kOptions; }

  bool governs(const Operation& operation) const override {
    return !std::holds_alternative<SyscallOp>(operation) && !std::holds_alternative<AvOp>(operation) &&
           !std::holds_alternative<IoctlOp>(operation);
  }

  Expression express(const Grant& grant, const BackendOptions& options) const override {
    TranslateContext context;
    const auto abi = options.values.find("abi");
    if (abi != options.values.end()) context.dialect = dialect_named(abi->second).value_or(Dialect::k30);
    return translate(grant, context).expression;
  }

  Result<Emission> emit(const Policy& policy, const BackendOptions& options, Diagnostics& diagnostics) const override {
    const auto parsed = emit_options(options);
    if (!parsed) return parsed.error();
    if (!parsed->base.empty()) {
      const auto text = read_file(parsed->base);
      if (!text) return text.error();
      if (recognises(parsed->base, *text)) return emit_update(policy, *text, *parsed, diagnostics);
    }
    return emit_profile(policy, *parsed, diagnostics);
  }

  bool recognises(const std::string&, std::string_view start) const override {
    // A profile's text: an abi or include rule, or a block's head. No other of our languages has these.
    for (const std::string_view sign : {"abi <", "include <tunables/", "\nprofile ", "flags=(", "#include <"})
      if (start.find(sign) != std::string_view::npos) return true;
    return start.substr(0, 8) == "profile " ||
           (start.find(" r,\n") != std::string_view::npos && start.find('{') != std::string_view::npos);
  }

  Result<std::unique_ptr<Decider>> read(const std::vector<std::string>& paths, const BackendOptions& options,
                                        Diagnostics& diagnostics) const override {
    auto decider = read_profiles(paths, options, diagnostics);
    if (!decider) return decider.error();
    return std::unique_ptr<Decider>(std::move(*decider));
  }
};

}  // namespace

const Backend& apparmor_backend() {
  static const AppArmorBackend backend;
  return backend;
}

}  // namespace cordon
