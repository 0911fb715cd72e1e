#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "facts/operation.h"

namespace cordon::selinux {

enum class TargetKind : std::uint8_t {
  kSelf,        ///< the domain itself
  kPath,        ///< the label of a path
  kPort,        ///< of a port: `text` is the protocol
  kNode,        ///< of an address
  kFilesystem,  ///< of a file system's superblock
  kKernel,      ///< the kernel's own context
  kPeer,        ///< the domain of another program: `text` is its path or context
  kSocketPeer,  ///< the domain that listens at the unix socket `text`
  kContext,     ///< a whole context
};

/// What a permission is asked on.
struct Target {
  TargetKind kind = TargetKind::kSelf;
  std::string text;
  FileKind file = FileKind::kUnknown;
  std::uint16_t port = 0;
  bool inherited = false;
};

/// One access vector that the kernel checks when an operation happens.
struct Demand {
  Target target;
  std::string klass;
  std::vector<std::string> perms;
  std::optional<std::uint16_t> extended;  ///< the ioctl command, or the netlink message's type for nlmsg
  bool creates = false;                   ///< the object is new: its label comes from a transition
};

/// All that one operation asks for. `untold` says what of it cannot be told from the fact; then `all` is a part.
struct Demands {
  std::vector<Demand> all;
  std::string untold;
};

/// Which classes the policy has: a few moved in time (icmp_socket, anon_inode), and older policies use others.
using HasClass = std::function<bool(std::string_view)>;

/// `messages_by_type`: PolicyDb's.
Demands demands_of(const Operation& operation, const HasClass& has_class, bool messages_by_type = false);

/// True if the kernel asks SELinux anything for such an operation.
bool is_governed(const Operation& operation);

/// The directories on the way to a path, from "/" on, itself left out.
std::vector<std::string> directories_above(const std::string& path);

/// The object class of a file of that kind.
const std::string& class_of(FileKind kind);

}  // namespace cordon::selinux
