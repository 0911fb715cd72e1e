#pragma once

#include "ptrace/world.h"

/// The decoders of calls that have one (Special rows), by family.
namespace cordon::decode {

/// An operation that takes the call's verdict at its exit.
inline void at_exit(Tracee& tracee, Operation operation) { tracee.call.on_exit.push_back(std::move(operation)); }

bool socket_entry(World&, Tracee&);
void socket_exit(World&, Tracee&);
void socketpair_exit(World&, Tracee&);

bool clone_entry(World&, Tracee&);
bool clone3_entry(World&, Tracee&);
bool unshare_entry(World&, Tracee&);
bool setns_entry(World&, Tracee&);
bool kill_entry(World&, Tracee&);
bool tgkill_entry(World&, Tracee&);
bool pidfd_signal_entry(World&, Tracee&);
bool ptrace_entry(World&, Tracee&);
bool peer_memory_entry(World&, Tracee&);
bool setrlimit_entry(World&, Tracee&);
bool prlimit_entry(World&, Tracee&);
bool prctl_entry(World&, Tracee&);
bool always_exit(World&, Tracee&);

bool write_entry(World&, Tracee&);
void write_exit(World&, Tracee&);

bool mount_entry(World&, Tracee&);
bool umount_entry(World&, Tracee&);
bool pivot_root_entry(World&, Tracee&);
bool move_mount_entry(World&, Tracee&);

bool mq_open_entry(World&, Tracee&);
bool mq_unlink_entry(World&, Tracee&);
bool sysv_entry(World&, Tracee&);
bool key_entry(World&, Tracee&);
bool keyctl_entry(World&, Tracee&);
bool io_uring_entry(World&, Tracee&);
void io_uring_exit(World&, Tracee&);
bool io_uring_enter_entry(World&, Tracee&);
bool mmap_entry(World&, Tracee&);
bool mprotect_entry(World&, Tracee&);

}  // namespace cordon::decode
