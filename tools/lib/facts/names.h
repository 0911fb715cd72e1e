#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include "facts/fact.h"

/// The words of the trace format for every enumerator, in the enum's order. The words are part of the format:
/// they may be added to, never changed.
namespace cordon {

template <>
struct EnumNames<Arch> {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"x86_64", "i386", "x32", "aarch64", "arm", "riscv64", "s390x", "ppc64le"});
};
template <>
struct EnumNames<Executable> {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"untold", "file", "writable_file", "anonymous", "heap", "stack"});
};
template <>
struct EnumNames<FilePerm> {
  static constexpr std::array kNames = std::to_array<std::string_view>(
      {"read",      "write",   "append",   "create",      "truncate",   "unlink", "rename_from", "rename_to",
       "link_from", "link_to", "symlink",  "readlink",    "exec",       "map",    "map_exec",    "lock",
       "getattr",   "setattr", "getxattr", "setxattr",    "list",       "search", "watch",       "ioctl",
       "connect",   "mounton", "chroot",   "open_create", "map_changed"});
};
template <>
struct EnumNames<FileKind> {
  static constexpr std::array kNames = std::to_array<std::string_view>(
      {"unknown", "regular", "directory", "symlink", "char", "block", "fifo", "socket", "memfd", "anon_inode"});
};
template <>
struct EnumNames<Owner> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"unknown", "self", "other"});
};
template <>
struct EnumNames<SocketAct> {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"create", "bind", "listen", "connect", "accept", "send", "receive", "getopt",
                                       "setopt", "getattr", "setattr", "shutdown", "read", "write"});
};
template <>
struct EnumNames<CapabilityBasis> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"inferred", "logged"});
};
template <>
struct EnumNames<Direction> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"send", "receive"});
};
template <>
struct EnumNames<PtraceAct> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"trace", "traced_by", "read", "read_by"});
};
template <>
struct EnumNames<MountAct> {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"mount", "remount", "umount", "pivot_root", "bind", "move", "propagation"});
};
template <>
struct EnumNames<IpcKind> {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"mqueue_posix", "mqueue_sysv", "shm", "sem", "dbus", "io_uring", "key"});
};
template <>
struct EnumNames<NamespaceAct> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"create", "enter"});
};
template <>
struct EnumNames<Outcome> {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"allowed", "failed", "denied", "would_deny", "unwatched"});
};
template <>
struct EnumNames<Mechanism> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"none", "seccomp", "apparmor", "selinux"});
};

template <class Enum>
constexpr std::string_view name_of(Enum value) {
  return EnumNames<Enum>::kNames[static_cast<std::size_t>(value)];
}

template <class Enum>
constexpr std::optional<Enum> named(std::string_view name) {
  for (std::size_t i = 0; i < EnumNames<Enum>::kNames.size(); ++i)
    if (EnumNames<Enum>::kNames[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

/// "file", "exec", …: the operation's kind as the trace spells it.
constexpr std::string_view kind_of(const Operation& operation) {
  return std::visit([](const auto& op) { return std::decay_t<decltype(op)>::kKind; }, operation);
}

}  // namespace cordon
