#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "selinux/container_view.h"
#include "selinux/demand.h"
#include "selinux/labels.h"
#include "selinux/peers.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// What a target is labelled with: a type, or why that cannot be told.
struct Resolved {
  std::string type;
  std::string range;    ///< "" where the policy has no MLS
  std::string why;      ///< set if `type` is empty
  std::string assumed;  ///< what was taken for granted to tell it, in words; empty: nothing
};

/// Finds the labels of targets: the module's file contexts first, then the policy's, then what the policy says of file
/// systems, ports and nodes. Remembers what it found.
class Resolver {
 public:
  /// All three must outlive it. `domain` is the module's.
  Resolver(const PolicyDb& policy, const Labels& labels, const Labels& module_labels, std::string domain)
      : policy_(policy),
        labels_(labels),
        module_labels_(module_labels),
        domain_(std::move(domain)),
        peers_(policy, domain_, {}) {}

  const Resolved& path(const std::string& path, FileKind kind);
  Resolved target(const Target& target);

  /// Unix socket addresses that the program itself listens at.
  void listens_at(const std::string& address) { own_sockets_.insert(address); }

  /// Domains at the other end that the user named (--peer).
  void names_peers(const std::map<std::string, std::string>& named) { peers_ = Peers(policy_, domain_, named); }

  /// Paths are those of a container.
  void looks_into(ContainerView view) { container_ = std::move(view); }

  /// Types that the module declares, which the policy does not know.
  void knows(const std::set<std::string>& types) { own_types_ = types; }

  /// What the policy alone says of a path, the module left aside.
  Resolved policy_path(const std::string& path, FileKind kind) const;

  /// The path that the policy's aliases make of it: what lines of file contexts are to be written for.
  std::string aliased(const std::string& path) const { return labels_.aliased(path); }

 private:
  Resolved find_path(const std::string& path, FileKind kind) const;
  Resolved container_path(const std::string& path, FileKind kind) const;
  Resolved of_context(const std::optional<std::string>& context, const std::string& why) const;
  Resolved first_type(const std::vector<std::string>& types, const std::string& why) const;
  Resolved proc(const std::string& path, FileKind kind) const;
  Resolved peer(const std::string& program) const;
  Resolved of_peer(const Peer& peer, const std::string& untold) const;
  Resolved socket_peer(const std::string& address);

  const PolicyDb& policy_;
  const Labels& labels_;
  const Labels& module_labels_;
  std::string domain_;
  std::unordered_map<std::string, Resolved> known_;
  std::unordered_set<std::string> own_sockets_;
  std::set<std::string> own_types_;
  Peers peers_;
  std::optional<ContainerView> container_;
};

}  // namespace cordon::selinux
