#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apparmor/blob.h"
#include "apparmor/source.h"
#include "apparmor/walk.h"
#include "policy/backend.h"

namespace cordon::apparmor {

/// Decides facts by walking compiled profiles. `source` (may be empty) is the same profiles' text as rules, so that a
/// decision can name the line.
class ProfileDecider : public Decider {
 public:
  ProfileDecider(std::vector<CompiledProfile> profiles, std::vector<SourceProfile> source);
  Decision decide(const Fact& fact) override;

  /// Whether facts are the host's view of a container: names lose the engine's folder, the runtime's set-up is not
  /// asked.
  void set_container(bool container) { container_ = container; }

  const std::vector<CompiledProfile>& profiles() const { return profiles_; }
  const std::vector<SourceProfile>& source() const { return source_; }

  /// The profiles that a fact's subject may run under: by its logged domain, else by following exec transitions. None
  /// if its domain is another one. A fact is allowed if one of them allows it.
  std::vector<const CompiledProfile*> profiles_for(const Subject& subject) const;
  /// Those that a log's label stands for: a profile attached to that path, or what a program that complain mode ran
  /// without a rule ("P//null-/bin/sh") runs under now.
  std::vector<const CompiledProfile*> profiles_of_label(std::string_view label) const;
  /// Every profile that some profile's exec transition leads to for the program.
  std::vector<const CompiledProfile*> reached_by(const std::string& exe) const;
  const RuleIndex* source_for(const std::string& profile) const;

 private:
  Decision decide_as_named(const Fact& fact) const;
  const CompiledProfile* named(std::string_view name) const;
  std::vector<const CompiledProfile*> hats_named(std::string_view hat) const;
  const CompiledProfile* after_exec(const CompiledProfile& from, const std::string& path, const ExecAnswer& exec) const;

  std::vector<CompiledProfile> profiles_;
  std::vector<SourceProfile> source_;
  std::vector<RuleIndex> index_;  ///< one for each of source_
  bool container_ = false;
};

/// Reads and compiles profile files. All profiles of all files can be asked.
Result<std::unique_ptr<ProfileDecider>> read_profiles(const std::vector<std::string>& paths,
                                                      const BackendOptions& options, Diagnostics& diagnostics);

/// The same from text in memory; `where` stands in for the file's name.
Result<std::unique_ptr<ProfileDecider>> read_profile_text(std::string_view text, const std::string& where,
                                                          Diagnostics& diagnostics);

}  // namespace cordon::apparmor
