#pragma once

#include "ptrace/world.h"

/// Capabilities that a call must have needed, inferred from what it did and the credentials it had (capabilities(7)).
/// Allowed if the call worked and the task held the capability; failed if it was refused and the task lacked it.
namespace cordon {

/// A call that needs a capability, always or under a condition on its arguments.
struct CapabilityRow {
  std::string_view call;
  std::string_view capability;
  bool (*applies)(World&, Tracee&);  ///< null: always
  bool each_time;                    ///< the arguments that decide are no part of the syscall fact
};

namespace infer {

const CapabilityRow* capability_row(std::string_view call);

/// At the exit of a call that has rows in the table.
void call_capabilities(World& world, Tracee& tracee);

/// What path permissions alone would not have allowed (dac_override and kin), and chown, mknod, chroot, xattrs.
void file_capabilities(World& world, Tracee& tracee, const Operand& operand, FilePerms perms, bool existed);

void bind_capability(World& world, Tracee& tracee, int family, std::uint16_t port);
void socket_capability(World& world, Tracee& tracee, int domain, int type);

}  // namespace infer
}  // namespace cordon
