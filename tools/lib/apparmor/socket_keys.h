#pragma once

#include <string>
#include <vector>

#include "facts/operation.h"

namespace cordon::apparmor {

/// The word of network and unix rules for an act.
std::string act_word(SocketAct act);

std::string big_endian16(unsigned value);

/// The keys in the network class's automaton at which the kernel looks for an act's permission, in its order: family
/// and type, the protocol, then the addresses and ports if the act has any. A profile that does not hold sockets to
/// addresses ends at the first. An address that is not told is that of an unbound socket, or no peer. Source:
/// apparmor_parser 5.0 to 6.0, network.cc; kernel af_inet.c as Ubuntu has it.
std::vector<std::string> socket_keys(const NetOp& op, int family, int type);

}  // namespace cordon::apparmor
