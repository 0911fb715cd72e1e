#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"

/// A policy module as a value: what the writers print, the readers read, and the linker puts into a policy.
namespace cordon::selinux {

enum class RuleKind : std::uint8_t { kAllow, kDontaudit, kAuditallow, kNeverallow };
std::string_view name_of(RuleKind kind);

/// The head of an access vector rule. `target` may be "self".
struct Access {
  RuleKind kind = RuleKind::kAllow;
  std::string source;
  std::string target;
  std::string klass;
  auto operator<=>(const Access&) const = default;
};

struct TypeRule {
  std::string kind = "type_transition";  ///< type_transition, type_change, type_member
  std::string source;
  std::string target;
  std::string klass;
  std::string name;  ///< a named transition's last path component, or empty
  std::string result;
  auto operator<=>(const TypeRule&) const = default;
};

struct RoleTransition {
  std::string role;
  std::string type;
  std::string klass;
  std::string result;
  auto operator<=>(const RoleTransition&) const = default;
};

/// One line of file contexts. `type` empty: <<none>>.
struct FileContext {
  std::string regex;      ///< PCRE, anchored at both ends by libselinux
  std::string file_type;  ///< "", "--", "-d", "-l", "-c", "-b", "-s", "-p" (file_contexts(5))
  std::string type;
  std::string range;  ///< "s0" unless said
  auto operator<=>(const FileContext&) const = default;
};

struct PortContext {
  std::string protocol;
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  std::string type;
  auto operator<=>(const PortContext&) const = default;
};

struct Module {
  std::string name;
  std::string version = "1.0.0";
  std::set<std::string> types;
  std::set<std::string> attributes;                              ///< declared here
  std::set<std::string> roles;                                   ///< declared here
  std::map<std::string, std::set<std::string>> type_attributes;  ///< type → attributes
  std::set<std::pair<std::string, std::string>> role_types;      ///< role, type
  std::set<std::pair<std::string, std::string>> role_allows;     ///< from, to
  std::set<std::pair<std::string, std::string>> bounds;          ///< parent, child
  std::set<std::string> permissive;
  std::map<Access, std::set<std::string>> rules;       ///< → permissions
  std::map<Access, std::set<std::uint16_t>> ioctls;    ///< → ioctl commands (allowx)
  std::map<Access, std::set<std::uint16_t>> messages;  ///< → netlink message types (allowx)
  std::set<TypeRule> type_rules;
  std::set<RoleTransition> role_transitions;
  std::vector<FileContext> contexts;
  std::vector<PortContext> ports;
  std::vector<std::string> remarks;  ///< what the written files say at their head

  bool operator==(const Module&) const = default;
  void allow(const std::string& source, const std::string& target, const std::string& klass,
             const std::vector<std::string>& perms);
};

/// The extended permissions, by the permission that each stands behind.
struct ExtendedKind {
  std::string_view perm;
  std::map<Access, std::set<std::uint16_t>> Module::*rules;
};
inline constexpr ExtendedKind kExtendedKinds[] = {{"ioctl", &Module::ioctls}, {"nlmsg", &Module::messages}};

/// Names that the module uses and does not declare, as a require block lists them.
struct Requirements {
  std::set<std::string> types;
  std::set<std::string> attributes;  ///< those of type_attributes; rules' names count as types
  std::set<std::string> roles;
  std::map<std::string, std::set<std::string>> classes;  ///< → permissions
};
Requirements requirements(const Module& module);

/// Every name and path of the module that cannot stand in policy source. Such a module is refused by the writers'
/// callers.
std::vector<std::string> bad_names(const Module& module);

/// How contexts are written: raw with or without a range, or refpolicy's gen_context().
enum class ContextStyle : std::uint8_t { kMls, kPlain, kGenContext };

std::string write_te(const Module& module, const std::set<std::string>& known_attributes = {});
std::string write_fc(const Module& module, ContextStyle style);
std::string write_cil(const Module& module, bool mls);

}  // namespace cordon::selinux
