#pragma once

#include "ptrace/world.h"

/// Sockets: what calls do to them, with families, types, protocols, addresses and ports.
namespace cordon::net {

/// An action on a socket, at entry. True if its result is needed. Descriptors that are no sockets: false.
bool touch(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args, const Use& use, int fd);

/// socket(2) and socketpair(2) at exit, from their arguments.
void made(World& world, Tracee& tracee, int domain, int type, int protocol);

/// The object of a socket whose making was not seen; 0 where pidfd_getfd(2) is not allowed.
ObjectId object_of_socket(World& world, Tracee& tracee, int fd);

/// What an ioctl was done on: "tcp_socket", "unix_stream_socket", "netlink_route_socket".
std::string class_of(const Object& object);

/// The socket's object for (domain, type, protocol), defaults filled in: (inet, stream, 0) is TCP.
ObjectId socket_object(World& world, int domain, int type, int protocol);

}  // namespace cordon::net
