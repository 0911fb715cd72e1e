#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apparmor/dialect.h"
#include "apparmor/rule.h"
#include "base/diagnostics.h"
#include "policy/backend.h"
#include "policy/generalise.h"

namespace cordon::apparmor {

/// Programs that a run executes: all under the one profile, or each under a child profile of its own.
enum class ExecMode : std::uint8_t { kInherit, kChild, kAuto };

/// "ix", "child" or "auto".
Result<ExecMode> exec_mode(const std::string& word);

/// The backend's options, parsed.
struct EmitOptions {
  Dialect dialect = Dialect::k30;
  Generalise generalise = Generalise::kSafe;
  std::string abstractions = "none";
  ExecMode exec = ExecMode::kAuto;
  bool denies = true;
  std::optional<bool> attach_disconnected;  ///< empty: by what was recorded
  double compile_budget_s = 5;
  Platform platform = Platform::kTry;
  std::string base;  ///< a profile to update in place of writing a new one
};

Result<EmitOptions> emit_options(const BackendOptions& options);

/// A run of rules with one reason, as the profile shows it.
struct Section {
  std::string title;
  std::vector<std::string> comments;
  std::vector<ProfileRule> rules;
  std::vector<std::string> verbatim;  ///< lines of a pack, each ending in ','; comments start with '#'
};

/// A profile before it becomes text.
struct ProfileText {
  std::string name;
  std::string attachment;
  std::vector<std::string> flags;
  std::vector<Section> sections;
  std::vector<ProfileText> children;
  bool hat = false;
};

/// One profile block, indented; children follow their parent's rules.
std::string to_text(const ProfileText& profile, int depth = 0);

/// The whole file: header comments, the abi rule, the profile.
Result<Emission> emit_profile(const Policy& policy, const EmitOptions& options, Diagnostics& diagnostics);

}  // namespace cordon::apparmor
