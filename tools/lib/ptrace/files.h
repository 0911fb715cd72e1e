#pragma once

#include "ptrace/world.h"

/// Paths and descriptors: what calls do to files. Only used at full detail.
namespace cordon::files {

/// At the entry of a call: reads its path operands and looks at its descriptors. True if the result is needed.
bool entry(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args);

/// Instead of exit() where the result is not watched: counts the outcome that entry() expects.
void count_expected(World& world, Tracee& tracee);

/// At the next stop of a task in doubt: a name that has appeared since may have been there for the call.
void settle_doubt(World& world, Tracee& tracee);

/// At its exit: facts of its path operands.
void exit(World& world, Tracee& tracee);

/// Instead of exit() where the task died in the call: facts of its operands, result not watched.
void unfinished(World& world, Tracee& tracee);

/// The call is still waiting: hands the facts of its operands out as tried.
void tried(World& world, Tracee& tracee);
/// Some operand's call has not been seen to end.
bool has_new_operand(World& world, const Call& call);

/// What the descriptor refers to; finds out if it is not known yet. Never null; `standard` ones are to be left alone.
FdEntry* descriptor(World& world, Tracee& tracee, int fd);

/// An action on a descriptor's file, at entry: pending unless it is known. True if the result is needed.
bool touch(World& world, Tracee& tracee, int fd, FilePerm perm);

/// One operand on the task's view: reads the path at `address`, relative to dirfd (AT_FDCWD: the cwd).
void take_path(World& world, Tracee& tracee, Operand& operand, int dirfd, std::uint64_t address);
void walk(World& world, Tracee& tracee, Operand& operand);

/// The walk's end as a file operation without perms; and the facts of the symlinks on the way.
FileOp file_of(World& world, const Tracee& tracee, const Walk& walk);
void emit_links(World& world, const Tracee& tracee, const Walk& walk);

/// Reads root and mount namespace anew after chroot, setns and kin; likewise the cwd.
void renew_view(World& world, Tracee& tracee);
TextId cwd_of(World& world, Tracee& tracee);

FileKind kind_of_mode(mode_t mode);
/// What a descriptor's link in /proc and its stat say that it is.
ObjectId object_from_link(World& world, Tracee& tracee, int fd, const std::string& link, const struct stat& status);

}  // namespace cordon::files
