#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

/// The domain of a program at the other end: named by the user, or taken for it on the policy's word.
struct Peer {
  std::string domain;   ///< "" where it cannot be told
  std::string assumed;  ///< in words, where nobody named it
};

/// Finds the domains of programs that were not recorded. Domains that the policy leaves unconfined are no candidates,
/// since they may do everything everywhere; nor is the module's own.
class Peers {
 public:
  /// `named`: a socket's address or a program's path → its domain.
  Peers(const PolicyDb& policy, std::string own, std::map<std::string, std::string> named)
      : policy_(&policy), own_(std::move(own)), named_(std::move(named)) {}

  /// Who listens at a socket whose file bears that label: the one domain that may make such sockets; of several, the
  /// one that most of those who may write to them may connect to, or that the label is named after.
  Peer listener(const std::string& address, const std::string& label) const;
  /// What a program runs in: the domain that init starts it in, else the only one that its label is an entry to.
  Peer runner(const std::string& program, const std::string& label) const;

 private:
  const std::vector<std::string>& domains() const;
  std::vector<std::string> sources(const std::string& target, const std::string& klass, const std::string& perm) const;
  Peer named(const std::string& what) const;

  const PolicyDb* policy_;
  std::string own_;
  std::map<std::string, std::string> named_;
  mutable std::vector<std::string> domains_;
};

/// "WHAT=DOMAIN,…" as --peer takes it. Error kUsage for a word that is not of that form, or a domain that the policy
/// lacks.
Result<std::map<std::string, std::string>> read_peers(const std::string& list, const PolicyDb& policy);

}  // namespace cordon::selinux
