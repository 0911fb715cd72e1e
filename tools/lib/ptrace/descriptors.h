#pragma once

#include "ptrace/world.h"

/// What the files room's two halves share: accesses as perms, and what descriptors refer to.
namespace cordon::files {

/// What an access does to a file.
struct AccessRow {
  Access access;
  FilePerms perms;   ///< none: the call's own decoder tells what it did
  bool look_before;  ///< what the operand was can only be seen before the call
};
const AccessRow& access_row(Access access);

/// A row's use of a descriptor, at entry. True if the result is needed.
bool touch_by_row(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args, const Use& use, int fd);

/// The path behind a descriptor's link, without the mark of a file that has been removed.
std::string without_deleted(const std::string& link, const struct stat& status);

void set_owner(World& world, const Tracee& tracee, FileOp& file, std::uint32_t uid);

}  // namespace cordon::files
