#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "selinux/context.h"

/// A binary SELinux policy that can be asked, by libsepol. libsepol decides through process-wide pointers:
/// ask from one thread at a time.
namespace cordon::selinux {

/// Why a permission is, or is not, granted. A permission may have several reasons against it at once; all are told.
enum class ReasonKind : std::uint8_t {
  kAllowed,        ///< by the rules in `rules`
  kNoRule,         ///< no allow rule covers it, in no state of the booleans
  kBoolean,        ///< a conditional rule covers it; `fixes` says which booleans to set
  kDontaudit,      ///< denied, and the policy says not to log it
  kConstraint,     ///< a constrain or mlsconstrain statement that governs this permission is not met
  kRbac,           ///< no role allow rule from the source's role to the target's
  kBounds,         ///< the source type is bounded by a type that lacks the permission
  kPermissive,     ///< the source domain is permissive: logged, not enforced
  kExtended,       ///< ioctl is allowed, but not this command
  kUnknownSource,  ///< the source context is not valid in this policy
  kUnknownTarget,
  kUnknownClass,
  kUnknownPerm,
};
std::string_view name_of(ReasonKind kind);

struct BooleanSetting {
  std::string name;
  bool on = false;
  auto operator<=>(const BooleanSetting&) const = default;
};

/// A smallest set of booleans to change so that the permission is allowed by type enforcement.
struct BooleanFix {
  std::vector<BooleanSetting> set;  ///< only those that must change, by name
  std::size_t opens = 0;            ///< how many other allow rules become active with it
  auto operator<=>(const BooleanFix&) const = default;
};

struct Reason {
  ReasonKind kind = ReasonKind::kNoRule;
  std::string words;               ///< one sentence
  std::vector<std::string> rules;  ///< the statements that decide it, as policy source
  std::vector<BooleanFix> fixes;   ///< kBoolean only; the one that opens least first
};

struct PermissionVerdict {
  std::string perm;
  bool allowed = false;
  std::vector<Reason> reasons;
  bool has(ReasonKind kind) const;
};

struct Explanation {
  bool allowed = false;                  ///< every permission is
  bool permissive = false;               ///< the source domain is permissive in this policy
  std::vector<Reason> whole;             ///< reasons that hold for the whole request: unknown contexts or class
  std::vector<PermissionVerdict> perms;  ///< in the order asked; one each, always
};

struct PortLabel {
  std::string type;
  std::uint16_t low = 0;
  std::uint16_t high = 0;
};

class PolicyDb {
 public:
  /// A policy that is not the system's own is parsed twice, first in a child that is ended when it takes too long.
  /// Errors: kIo (cannot read), kBadInput (cut, foreign, a module, a newer version: says which).
  static Result<PolicyDb> load(const std::string& path, bool digest = true);
  static Result<PolicyDb> from_bytes(std::string_view bytes, const std::string& where, bool digest = true);

  PolicyDb(PolicyDb&&) noexcept;
  PolicyDb& operator=(PolicyDb&&) noexcept;
  ~PolicyDb();

  /// Each permission with every reason. Never fails: what is unknown is a reason. Contexts whole, as logged.
  Explanation explain(const std::string& source, const std::string& target, const std::string& klass,
                      const std::vector<std::string>& perms) const;
  /// libsepol's verdict alone; nothing if a context, the class or the permission is unknown.
  std::optional<bool> allows(const std::string& source, const std::string& target, const std::string& klass,
                             const std::string& perm) const;
  /// True if the source may use this number of "ioctl" or "nlmsg" (the permission is allowed, and no extended rule
  /// stands behind it or one has the number).
  std::optional<bool> allows_extended(const std::string& source, const std::string& target, const std::string& klass,
                                      const std::string& perm, std::uint16_t number) const;
  std::optional<bool> allows_ioctl(const std::string& source, const std::string& target, const std::string& klass,
                                   std::uint16_t command) const {
    return allows_extended(source, target, klass, "ioctl", command);
  }
  bool is_valid_context(const std::string& context) const;

  unsigned version() const;
  bool mls() const;
  /// The policy capability netlink_xperm: a message asks for nlmsg and its type, in place of nlmsg_read and its kin.
  bool messages_by_type() const;
  std::string_view handle_unknown() const;  ///< "allow", "deny" or "reject"
  const std::string& where() const;
  const std::string& digest() const;  ///< SHA-256 of the file's bytes; empty if it was not asked for

  bool has_type(std::string_view name) const;  ///< types and aliases, not attributes
  bool has_attribute(std::string_view name) const;
  bool has_role(std::string_view name) const;
  bool has_class(std::string_view name) const;
  bool has_perm(std::string_view klass, std::string_view perm) const;
  bool has_user(std::string_view name) const;
  std::vector<std::string> perms_of(std::string_view klass) const;      ///< in the order of their bits
  std::vector<std::string> classes() const;                             ///< sorted
  std::vector<std::string> types() const;                               ///< sorted, attributes left out
  std::vector<std::string> attributes_of(std::string_view type) const;  ///< sorted
  std::vector<std::string> types_of(std::string_view attribute) const;  ///< sorted; of a type: itself
  std::vector<BooleanSetting> booleans() const;                         ///< by name, as the policy has them
  std::size_t permission_rules() const;                                 ///< allow rules, conditional ones included

  /// The context of a port, protocol "tcp", "udp", "dccp" or "sctp"; the reserved ranges included.
  std::optional<std::string> port_context(std::string_view protocol, std::uint16_t port) const;
  std::vector<PortLabel> ports_of_type(std::string_view protocol, std::string_view type) const;
  /// The context of a node (an address in text form), or of every node if there is none for it.
  std::optional<std::string> node_context(std::string_view address) const;
  /// genfscon: the longest prefix of `path` in a file system that bears no labels of its own.
  std::optional<std::string> genfs_context(std::string_view fstype, std::string_view path,
                                           std::string_view klass) const;
  /// fs_use_*: the context of the file system itself.
  std::optional<std::string> fs_context(std::string_view fstype) const;
  std::optional<std::string> initial_context(std::string_view sid_name) const;  ///< "unlabeled", "netif", …
  /// The type that a new object gets: a named rule first, then type_transition, then the parent's type (files) or
  /// the source's (processes, sockets). `name` is the last path component or empty.
  std::optional<std::string> new_type(std::string_view source, std::string_view target, std::string_view klass,
                                      std::string_view name) const;

  /// The room's own access to libsepol's structures; complete in policydb_impl.h.
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit PolicyDb(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The policy to use when none is given: the loaded one (/sys/fs/selinux/policy), else the newest
/// /etc/selinux/*/policy/policy.N that libsepol can read, SELINUXTYPE of /etc/selinux/config first.
/// Error kEnvironment, with the package to install, if there is none.
Result<std::string> find_policy();
/// True if the open file (O_PATH does) is the system's own: it lies below /etc/selinux or /sys/fs/selinux by the name
/// that it was found under when all links were followed, and nobody but root may write it or a folder on the way.
bool is_installed_policy(int fd);
/// The file contexts that belong to it: /etc/selinux/TYPE/contexts/files/file_contexts.
Result<std::string> find_file_contexts();

}  // namespace cordon::selinux
