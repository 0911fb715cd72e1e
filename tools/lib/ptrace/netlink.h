#pragma once

#include <optional>
#include <vector>

#include "ptrace/world.h"

/// Netlink messages, as they lie in a sender's memory (linux/netlink.h struct nlmsghdr).
namespace cordon::netlink {

/// True for the protocols whose message types are fixed numbers that a security module decides on: security/selinux/
/// nlmsgtab.c. Of the others the types differ by machine (generic) or nobody asks.
bool tells_messages(const Object& object);

/// The types of the messages that the call at its entry sends, ascending, each once; empty where they cannot be read.
std::vector<std::uint16_t> message_types(World& world, const Tracee& tracee, const CallRow& row,
                                         const std::uint64_t* args);

}  // namespace cordon::netlink
