#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "apparmor/children.h"
#include "audit/denial.h"

namespace cordon::audit_tool {

/// A profile's place: the outermost profile's name, then those of children and hats.
using ProfilePlace = std::vector<std::string>;

/// What complain mode calls "PARENT//null-…": a program that was executed without a rule, or a hat that does not exist.
/// Where the log holds the exec or the change of hat that led there, this tells which profile the accesses belong to:
/// by `mode` the one that executed it, a child of that, or one beside it. Source: security/apparmor/domain.c
/// (profile_transition, build_change_hat), policy.c (aa_new_null_profile), Linux 6.1.
class LearningTree {
 public:
  LearningTree(const std::vector<audit::Denial>& denials, apparmor::Dialect dialect, apparmor::ExecMode mode);

  /// Where the accesses under a label belong.
  ProfilePlace place(const std::string& name_space, const std::string& label) const;

  /// The same as a label of the profiles that are printed: what a peer is called there.
  std::string label(const std::string& name_space, const std::string& label) const;

  /// How what runs at `place` executes a file.
  struct Step {
    apparmor::Transition transition = apparmor::Transition::kMain;
    std::string profile;  ///< of kBeside
  };
  Step step(const std::string& name_space, const ProfilePlace& place, const std::string& file) const;

 private:
  struct Node {
    std::string parent;
    std::string name;  ///< the executed file, or the hat
    bool hat = false;
  };
  using Labels = std::set<std::string>;

  void learn(const Fact& fact);
  void own_grants(const Fact& fact, apparmor::Dialect dialect);
  void settle(const std::string& space, const ProfilePlace& owner, const Labels& labels);
  Labels started_by(const std::string& key) const;
  Labels below(const Labels& labels) const;
  std::map<std::string, Labels> grants_by_file(const Labels& labels) const;
  Step choose(const std::string& space, const ProfilePlace& owner, const std::string& file, const Labels& own,
              const Labels& started);

  apparmor::ExecMode mode_;
  std::map<std::string, Node> nodes_;                         ///< namespace, NUL, label → how it came to be
  std::map<std::string, Labels> children_;                    ///< by the parent's key
  std::map<std::string, Labels> grants_;                      ///< key → its own strong grants
  std::map<std::string, ProfilePlace> places_;                ///< of nodes
  std::map<std::string, std::map<std::string, Step>> steps_;  ///< namespace, NUL, place → file → how
  std::map<std::string, std::size_t> named_;                  ///< namespace, NUL, outermost name → profiles beside it
  Labels taken_;                                              ///< namespace, NUL, name: not for a profile beside
};

}  // namespace cordon::audit_tool
