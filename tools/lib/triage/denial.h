#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/denial.h"
#include "facts/fact.h"
#include "triage/timeline.h"

namespace cordon::triage {

struct RuleSet;

/// The parts of "user:role:type:level" (selinux(8)); a level may hold ':' itself. Missing parts are empty.
struct Context {
  std::string_view user, role, type, level;
};
Context split_context(std::string_view context);

/// What the rules look at: the names of a denial's fields. Several values where the record lists several.
enum class Field : std::uint8_t {
  kMechanism,  ///< "selinux", "apparmor", "seccomp"
  kOperation,  ///< the operation's kind: "av", "file", "syscall", …
  kOutcome,    ///< "denied", "would_deny"
  kProgram,    ///< the exe's last part, else comm, folded
  kExe,
  kComm,
  kUnit,     ///< container or unit id
  kProfile,  ///< the subject's AppArmor profile
  kSourceUser,
  kSourceRole,
  kSourceType,
  kSourceLevel,
  kTargetUser,
  kTargetRole,
  kTargetType,
  kTargetLevel,
  kClass,  ///< SELinux class
  kPerm,   ///< SELinux permissions, file permissions, a mechanism's own words
  kPath,   ///< whole, folded
  kName,   ///< the path's last part
  kSyscall,
  kArch,
  kCapability,
  kFamily,
  kType,
  kProtocol,
  kPort,
  kPeer,
  kSignal,
  kFstype,
  kFlag,  ///< mount flags
  kBus,
  kInterface,
  kMember,
  kTarget,  ///< a change of domain's target, a mount's or rename's other end
  kAct,
  kResource,
  kError,
  kState,       ///< "disconnected", "inherited", "setid"; of a seccomp decision: "killed"
  kInfo,        ///< AppArmor's info=
  kRawType,     ///< the type of a label that the policy which was loaded did not know (srawcon=, trawcon=)
  kClassGroup,  ///< "files" or "sockets" for the classes of that sort, else the class
  kCall,        ///< the call during which SELinux denied, where the event has a SYSCALL record
  kCount_,
};

/// The name that rule files use; kCount_ where there is none.
Field field_named(std::string_view name);
std::string_view name_of_field(Field field);

/// A denial's fields, by Field.
struct View {
  std::vector<std::string> values[static_cast<std::size_t>(Field::kCount_)];
  const std::vector<std::string>& of(Field field) const { return values[static_cast<std::size_t>(field)]; }
  std::string_view first(Field field) const {
    return of(field).empty() ? std::string_view{} : std::string_view{of(field).front()};
  }
};
View view_of(const Fact& fact, const audit::Details& details);

/// True for what triage is about: denied, or would be denied, by one of the three mechanisms.
bool is_denial(const Fact& fact);

/// Which of the rules' tests of path and name a path passes: paths that no rule can tell apart have one class.
class PathClasses {
 public:
  explicit PathClasses(const RuleSet& rules);
  /// A short text, the same for paths of one class and, for absolute ones, of one tree (their first three directories).
  const std::string& of(const std::string& folded) const;

 private:
  std::string judge(const std::string& folded) const;
  static constexpr std::size_t kMaxKnown = 50'000;
  std::vector<std::pair<Field, const std::vector<std::string>*>> tests_;
  mutable std::unordered_map<std::string, std::string> known_;
};

/// The first three directories of a path; all but the last part of a shorter one.
std::string tree_of(std::string_view path);

/// The key under which denials are the same but for process, inode, level, time, host and generated path parts. An
/// SELinux object counts by its path's class, since the policy looks at its label; AppArmor's by the whole folded path.
std::string shape_key(const Fact& fact, const audit::Details& details, const PathClasses& paths);

/// The host that logged it: the node of "node time:serial"; empty if none.
std::string_view host_of(const Fact& fact);

/// A host with what ran there (a container, else a unit, else a program), as one key; and its two parts.
std::string place_key(std::string_view host, std::string_view runs);
std::pair<std::string_view, std::string_view> place_parts(std::string_view key);

struct Shape;
View view_of(const Shape& shape);

/// All denials with one shape_key.
struct Shape {
  static constexpr std::size_t kMaxSamples = 4;
  static constexpr std::size_t kMaxNames = 24;  ///< distinct hosts, units, paths … kept; the rest is counted in ""

  std::string key;
  Fact merged;                ///< the first sample, its permissions joined with all the others'
  audit::Details details;     ///< of the first record
  std::string raw;            ///< that record with the others of its event, if the reader gave them
  std::vector<Fact> samples;  ///< the earliest ones that differ in operation or host
  std::uint64_t count = 0;
  std::uint64_t blocked = 0;  ///< of count: denied, not only logged
  std::int64_t first_ms = 0, last_ms = 0;
  std::map<std::string, std::uint64_t> hosts, units, containers, programs, paths;
  std::map<std::string, std::uint64_t> places;  ///< place_key()s; none where neither host nor unit is known
  std::string common;          ///< the directory that all absolute paths are below, or the only one; empty: none came
  bool several_paths = false;  ///< absolute ones
  std::uint64_t pathless = 0;  ///< of count: without an absolute path
  Timeline timeline;

  /// `counted` false: another fact of a record that was counted already.
  void add(const Fact& fact, const audit::Details& from, bool counted, const std::function<std::string()>& raw_text);
  /// To be called when all is added: makes `merged` independent of the order in which facts came.
  void settle();

 private:
  void count_where(const Fact& fact, const audit::Details& from, std::uint64_t times);
  void add_path(std::string_view path, std::uint64_t times);
  void keep_sample(const Fact& fact, const audit::Details& from, const std::function<std::string()>& raw_text);
};

}  // namespace cordon::triage
