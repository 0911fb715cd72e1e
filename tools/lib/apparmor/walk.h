#pragma once

#include <string>
#include <string_view>

#include "apparmor/blob.h"
#include "apparmor/rule.h"
#include "facts/operation.h"

/// Questions to one compiled profile, asked as the kernel asks them.
namespace cordon::apparmor {

/// Classes of the policy automaton: its first byte. Source: security/apparmor/include/apparmor.h.
enum class PolicyClass : std::uint8_t {
  kMount = 7,
  kPtrace = 9,
  kSignal = 10,
  kNetwork = 14,
  kPosixMqueue = 17,
  kSysvMqueue = 18,
  kUserns = 21,
  kIoUring = 22,
  kDbus = 32,
};

/// Where exec leads. Source: security/apparmor/include/file.h (old exec encoding) and domain.c (x_to_label).
struct ExecAnswer {
  enum class Kind : std::uint8_t { kNone, kInherit, kUnconfined, kName, kChild, kTable };
  Kind kind = Kind::kNone;
  bool falls_back_to_inherit = false;
  std::string target;  ///< kTable: the named profile
};

/// What the file automaton says of a name, for the owner and for others. Deny rules are already taken out.
struct FileAnswer {
  FileLetters owner = 0;
  FileLetters other = 0;
  ExecAnswer owner_exec;
  ExecAnswer other_exec;
};
FileAnswer ask_file(const CompiledProfile& profile, std::string_view name);

/// security/apparmor/file.c profile_path_link(): the pair, and the subset test where the rule asks for it.
bool ask_link(const CompiledProfile& profile, std::string_view link, std::string_view target, bool owner);

/// True if the policy automaton mediates the class at all; what it does not mediate is allowed.
bool mediates(const CompiledProfile& profile, PolicyClass klass);

/// The permission bits after `key` in the class's part, in the kernel's own numbering (map_other, map_xbits undone).
std::uint32_t ask_policy(const CompiledProfile& profile, PolicyClass klass, std::string_view key);

bool ask_capability(const CompiledProfile& profile, unsigned number);

/// change_profile: the right to change to a profile of that name.
bool ask_change_profile(const CompiledProfile& profile, std::string_view target);

}  // namespace cordon::apparmor
