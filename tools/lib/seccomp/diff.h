#pragma once

#include <string>
#include <vector>

#include "seccomp/reference.h"

/// Two profiles compared by what they do, not by their text.
namespace cordon::seccomp {

/// The arguments of a class of calls, as far as either profile looks at them; empty: whatever the arguments.
struct Change {
  Arch arch = Arch::kX86_64;
  std::string name;
  std::string when;          ///< "argument 0 = 0x2" of one call of the class; empty where all arguments agree
  std::uint32_t before = 0;  ///< SECCOMP_RET_*
  std::uint32_t after = 0;
  bool grows() const;    ///< the new profile lets pass what the old one did not
  bool shrinks() const;  ///< and the other way round
};

/// A flag or a setting of the listener that is not the same: it decides no call, but what becomes of a decision.
struct SettingChange {
  bool grows = true;  ///< it is there now, or has another value; false: it is gone
  std::string what;   ///< "flag SECCOMP_FILTER_FLAG_LOG is new"
};

struct Diff {
  std::vector<Change> changes;                                       ///< by ABI, number and arguments
  std::vector<SettingChange> settings;                               ///< flags by name, listenerPath, listenerMetadata
  std::size_t calls = 0;                                             ///< classes compared
  std::size_t unlisted = 0;                                          ///< changes beyond the first 16 of a call
  bool same() const { return changes.empty() && settings.empty(); }  // what is unlisted comes after what is listed
  std::size_t grown() const;
  std::size_t shrunk() const;
};

/// Every ABI of either profile × every number of its table × every class of arguments that either tells apart. Where
/// rules of different actions overlap, the profile is taken to do the most permissive. Both must be resolved.
Diff diff_profiles(const Profile& before, const Profile& after, Runtime runtime, Arch host = native_arch());

/// "+ socket on x86_64, argument 0 = 0x26: errno EPERM, now allow".
std::string to_text(const Change& change);

/// What a profile does with a call where several of its rules match: the most permissive.
std::uint32_t permissive_value(const Answer& answer);

}  // namespace cordon::seccomp
