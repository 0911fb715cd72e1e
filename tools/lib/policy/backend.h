#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "policy/policy.h"

namespace cordon {

/// How well a policy language can say a grant.
enum class Fit : std::uint8_t { kExact, kWider, kNarrower, kNone };

struct Expression {
  Fit fit = Fit::kExact;
  std::string why;  ///< in words; empty for kExact
};

/// One option of a backend, as the command line shows it. The value is checked against `values` if there are any.
struct OptionSpec {
  std::string_view name;    ///< without dashes: "abi"
  std::string_view values;  ///< "3.0|4.0|5.0|auto", or "" for free text, or "FLAG" for a switch
  std::string_view default_value;
  std::string_view help;
};

/// Where the profile is to be enforced.
enum class Platform : std::uint8_t { kTry, kDocker, kPodman, kKubernetes, kEcs, kSystemd, kHost };

struct BackendOptions {
  Platform platform = Platform::kTry;
  std::string data_dir;                       ///< …/share/cordon
  std::map<std::string, std::string> values;  ///< by OptionSpec::name; absent: the default
};

/// One rule's fate in a backend: what text it became, or why not.
struct RuleNote {
  std::size_t rule = 0;  ///< index into Policy::rules
  Expression expression;
};

struct EmittedFile {
  std::string suffix;  ///< appended to NAME: ".seccomp.json", ".te"
  std::string bytes;
};

/// What a backend made of a policy.
struct Emission {
  std::vector<EmittedFile> files;
  std::vector<std::string> unmade = {};       ///< suffixes of what belongs to the set and could not be made this time
  std::vector<RuleNote> notes;                ///< every rule that is not exact
  std::vector<std::string> summary;           ///< for the one-screen summary: "61 of 373 syscalls, 12 by argument"
  std::vector<std::string> added;             ///< what was granted without being seen, each with its reason
  std::map<std::string, std::string> inputs;  ///< what was consulted: name → SHA-256 (policy, file contexts, parser)
};

enum class Ruling : std::uint8_t { kAllowed, kDenied, kCannotTell, kNotApplicable };

/// What a profile says of one fact.
struct Decision {
  Ruling ruling = Ruling::kCannotTell;
  std::string by;           ///< the rule that decided (file:line and text where known), or "no rule"
  std::string why;          ///< in words, for kDenied and kCannotTell
  std::string remark = {};  ///< what is to be known of a fact that is allowed in another way than it was seen
};

/// A finished profile that can be asked. Holds no reference to what it was read from.
class Decider {
 public:
  virtual ~Decider() = default;
  /// Given before the first question, where they are to be had: all the facts, since one may explain another (who
  /// listens at a socket that is connected to).
  virtual void prepare(const std::vector<Fact>&) {}
  virtual Decision decide(const Fact& fact) = 0;
};

/// A policy language. Stateless; one static instance each, listed in the table of backends.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  ///< "seccomp", "apparmor", "selinux"
  virtual std::span<const OptionSpec> options() const = 0;
  /// The operations that the language governs at all; facts of others are "not applicable", not denied.
  virtual bool governs(const Operation& operation) const = 0;
  virtual Expression express(const Grant& grant, const BackendOptions& options) const = 0;
  virtual Result<Emission> emit(const Policy& policy, const BackendOptions& options,
                                Diagnostics& diagnostics) const = 0;
  /// True if the file looks like one of this language's profiles (by content, not by name).
  virtual bool recognises(const std::string& path, std::string_view start) const = 0;
  /// Files that belong together (.te .fc .if .cil are one profile).
  virtual Result<std::unique_ptr<Decider>> read(const std::vector<std::string>& paths, const BackendOptions& options,
                                                Diagnostics& diagnostics) const = 0;
};

}  // namespace cordon
