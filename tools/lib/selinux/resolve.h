#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "selinux/demand.h"
#include "selinux/labels.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// What a target is labelled with: a type, or why that cannot be told.
struct Resolved {
  std::string type;
  std::string range;  ///< "" where the policy has no MLS
  std::string why;    ///< set if `type` is empty
};

/// Finds the labels of targets: the module's file contexts first, then the policy's, then what the policy says of file
/// systems, ports and nodes. Remembers what it found.
class Resolver {
 public:
  /// All three must outlive it. `domain` is the module's.
  Resolver(const PolicyDb& policy, const Labels& labels, const Labels& module_labels, std::string domain)
      : policy_(policy), labels_(labels), module_labels_(module_labels), domain_(std::move(domain)) {}

  const Resolved& path(const std::string& path, FileKind kind);
  Resolved target(const Target& target);

  /// Unix socket addresses that the program itself listens at.
  void listens_at(const std::string& address) { own_sockets_.insert(address); }

  /// Types that the module declares, which the policy does not know.
  void knows(const std::set<std::string>& types) { own_types_ = types; }

  /// What the policy alone says of a path, the module left aside.
  Resolved policy_path(const std::string& path, FileKind kind) const;

 private:
  Resolved find_path(const std::string& path, FileKind kind) const;
  Resolved of_context(const std::optional<std::string>& context, const std::string& why) const;
  Resolved first_type(const std::vector<std::string>& types, const std::string& why) const;
  Resolved proc(const std::string& path, FileKind kind) const;
  Resolved peer(const std::string& program) const;
  Resolved socket_peer(const std::string& address);

  const PolicyDb& policy_;
  const Labels& labels_;
  const Labels& module_labels_;
  std::string domain_;
  std::unordered_map<std::string, Resolved> known_;
  std::unordered_set<std::string> own_sockets_;
  std::set<std::string> own_types_;
};

}  // namespace cordon::selinux
