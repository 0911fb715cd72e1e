#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "facts/schema.h"
#include "kernel/arch.h"

/// What a subject did, tried, or could do. Every struct describes its own fields once (`fields()`); the JSON codec,
/// the content hash, the order and the equality all derive from that description, so a new field is one line.
namespace cordon {

/// A condition on one syscall argument: (argument & mask) == value, as seccomp(2) can test it.
struct ArgPredicate {
  std::uint32_t index = 0;  ///< 0..5
  std::uint64_t value = 0;
  std::uint64_t mask = ~std::uint64_t{0};
  static constexpr auto fields() {
    return std::tuple{field("index", &ArgPredicate::index, Presence::kAlways),
                      field("value", &ArgPredicate::value, Presence::kAlways), field("mask", &ArgPredicate::mask)};
  }
  auto operator<=>(const ArgPredicate&) const = default;
};

/// What a call makes executable (mmap, mprotect with PROT_EXEC), as security/selinux/hooks.c file_map_prot_check and
/// selinux_file_mprotect tell mappings apart. Of several at once the last in this order.
enum class Executable : std::uint8_t {
  kUntold,
  kFile,          ///< a mapped file that the call does not make writable too, or that all who map it share
  kWritableFile,  ///< a private mapping of a file, writable and executable at once
  kAnonymous,     ///< memory without a file; shared memory without a name too
  kHeap,          ///< within what brk(2) gave, and not executable before
  kStack,         ///< where the stack lies, and not executable before
};

/// One syscall with those of its arguments that carry policy. `number` only where libseccomp knows no name for it.
struct SyscallOp {
  Arch arch = Arch::kX86_64;
  std::string name;
  std::int32_t number = -1;
  std::vector<ArgPredicate> args;  ///< ascending by index
  /// clone3(2): struct clone_args' flags, which lie behind a pointer where no filter sees them. None where they are not
  /// known, or where the call asks for what flags do not say (set_tid).
  std::optional<std::uint64_t> clone_flags{};
  Executable executable = Executable::kUntold;
  static constexpr std::string_view kKind = "syscall";
  static constexpr auto fields() {
    return std::tuple{field("arch", &SyscallOp::arch, Presence::kAlways),
                      field("name", &SyscallOp::name),
                      field("number", &SyscallOp::number),
                      field("args", &SyscallOp::args),
                      field("clone_flags", &SyscallOp::clone_flags),
                      field("executable", &SyscallOp::executable)};
  }
  auto operator<=>(const SyscallOp&) const = default;
};

/// What was done to a path. Bits, since one open(2) implies several.
enum class FilePerm : std::uint32_t {
  kRead,        ///< opened for reading
  kWrite,       ///< opened for writing, not only appending
  kAppend,      ///< opened with O_APPEND
  kCreate,      ///< a new name came to be: open(O_CREAT) that created, mknod, mkdir, symlink, bind of a unix socket
  kTruncate,    ///< O_TRUNC or truncate(2)
  kUnlink,      ///< unlink or rmdir
  kRenameFrom,  ///< `target` is the new name
  kRenameTo,    ///< `target` is the old name
  kLinkFrom,    ///< the existing file of link(2); `target` is the new name
  kLinkTo,      ///< the new name of link(2); `target` is the existing file
  kSymlink,     ///< made as a symlink; `target` is its text
  kReadlink,
  kExec,     ///< execve; the details are in the Exec fact
  kMap,      ///< mapped without PROT_EXEC
  kMapExec,  ///< mapped with PROT_EXEC, or mprotect to it
  kLock,     ///< flock, fcntl locks
  kGetattr,  ///< stat, access
  kSetattr,  ///< chmod, chown, utimes, setxattr is separate
  kGetxattr,
  kSetxattr,
  kList,     ///< directory read by getdents
  kSearch,   ///< used as cwd, dirfd or root
  kWatch,    ///< inotify, fanotify
  kIoctl,    ///< an ioctl on it; the command is in the Ioctl fact
  kConnect,  ///< a unix socket connected to
  kMounton,
  kChroot,
  kOpenCreate,  ///< opened with O_CREAT though the name may have been there: AppArmor asks for create all the same
  kMapChanged,  ///< made executable where the mapping's own pages had been changed, as text relocations do
  kCount_,
};
using FilePerms = FlagSet<FilePerm>;

enum class FileKind : std::uint8_t {
  kUnknown,
  kRegular,
  kDirectory,
  kSymlink,
  kCharDevice,
  kBlockDevice,
  kFifo,
  kSocket,
  kMemfd,
  kAnonInode
};

/// Whether the subject's fsuid owned the file.
enum class Owner : std::uint8_t { kUnknown, kSelf, kOther };

struct FileOp {
  std::string path;       ///< absolute, as the subject saw it (after its chroot or pivot_root)
  std::string host_path;  ///< as the recorder saw it, where that differs
  std::string target;     ///< the other name of a rename or link, the text of a symlink
  FilePerms perms;
  FileKind kind = FileKind::kUnknown;
  Owner owner = Owner::kUnknown;
  bool by_kernel = false;     ///< the kernel did it for execve: ELF interpreter, program map
  bool inherited = false;     ///< through a descriptor that the program was started with
  bool disconnected = false;  ///< a path outside of the namespace's root (AppArmor's "disconnected path")
  static constexpr std::string_view kKind = "file";
  static constexpr auto fields() {
    return std::tuple{field("path", &FileOp::path, Presence::kAlways),
                      field("host_path", &FileOp::host_path),
                      field("target", &FileOp::target),
                      field("perms", &FileOp::perms, Presence::kAlways),
                      field("file_kind", &FileOp::kind),
                      field("owner", &FileOp::owner),
                      field("by_kernel", &FileOp::by_kernel),
                      field("inherited", &FileOp::inherited),
                      field("disconnected", &FileOp::disconnected)};
  }
  auto operator<=>(const FileOp&) const = default;
};

/// An execve. The fact's subject is who called it.
struct ExecOp {
  std::string path;  ///< the file that was asked for, absolute
  std::string host_path;
  std::string interpreter;  ///< the #! interpreter that the kernel ran instead; a script only
  std::string loader;       ///< the ELF interpreter (PT_INTERP) mapped beside it
  std::string transition;   ///< logs only: AppArmor's exec modifier or target profile, SELinux's new domain
  bool setid = false;       ///< the file has set-uid, set-gid or file capabilities
  static constexpr std::string_view kKind = "exec";
  static constexpr auto fields() {
    return std::tuple{field("path", &ExecOp::path, Presence::kAlways), field("host_path", &ExecOp::host_path),
                      field("interpreter", &ExecOp::interpreter),      field("loader", &ExecOp::loader),
                      field("transition", &ExecOp::transition),        field("setid", &ExecOp::setid)};
  }
  auto operator<=>(const ExecOp&) const = default;
};

enum class SocketAct : std::uint8_t {
  kCreate,
  kBind,
  kListen,
  kConnect,
  kAccept,
  kSend,
  kReceive,
  kGetopt,
  kSetopt,
  kGetattr,
  kSetattr,
  kShutdown,
  kRead,
  kWrite
};

/// Family, type and protocol by the kernel's names without prefix, lower case ("inet6", "stream", "tcp").
struct NetOp {
  SocketAct act = SocketAct::kCreate;
  std::string family;
  std::string type;
  std::string protocol;
  std::string address;  ///< text form (RFC 5952 for IPv6); a netlink socket's groups; empty: any or none
  std::uint16_t port = 0;
  std::string peer_address;
  std::uint16_t peer_port = 0;
  std::uint16_t message = 0;  ///< netlink: a message that was sent, by its type (struct nlmsghdr); 0: not told
  static constexpr std::string_view kKind = "net";
  static constexpr auto fields() {
    return std::tuple{field("act", &NetOp::act, Presence::kAlways),
                      field("family", &NetOp::family),
                      field("type", &NetOp::type),
                      field("protocol", &NetOp::protocol),
                      field("address", &NetOp::address),
                      field("port", &NetOp::port),
                      field("peer_address", &NetOp::peer_address),
                      field("peer_port", &NetOp::peer_port),
                      field("message", &NetOp::message)};
  }
  auto operator<=>(const NetOp&) const = default;
};

/// Addresses: a path, "@name" for an abstract one (its leading NUL left out, others kept), "" for unnamed.
struct UnixOp {
  SocketAct act = SocketAct::kCreate;
  std::string type;
  std::string address;
  std::string peer_address;
  std::string peer;  ///< logs only: the peer's profile or context
  static constexpr std::string_view kKind = "unix";
  static constexpr auto fields() {
    return std::tuple{field("act", &UnixOp::act, Presence::kAlways), field("type", &UnixOp::type),
                      field("address", &UnixOp::address), field("peer_address", &UnixOp::peer_address),
                      field("peer", &UnixOp::peer)};
  }
  auto operator<=>(const UnixOp&) const = default;
};

enum class CapabilityBasis : std::uint8_t { kInferred, kLogged };

struct CapabilityOp {
  std::string name;  ///< lower case without CAP_: "net_bind_service"
  CapabilityBasis basis = CapabilityBasis::kInferred;
  std::string because;  ///< the call and condition that it was inferred from
  static constexpr std::string_view kKind = "capability";
  static constexpr auto fields() {
    return std::tuple{field("name", &CapabilityOp::name, Presence::kAlways), field("basis", &CapabilityOp::basis),
                      field("because", &CapabilityOp::because)};
  }
  auto operator<=>(const CapabilityOp&) const = default;
};

enum class Direction : std::uint8_t { kSend, kReceive };

struct SignalOp {
  Direction direction = Direction::kSend;
  std::string signal;         ///< "term", "kill", "exists" for signal 0, "rtmin+1"
  std::string peer;           ///< the other side's program path; in logs its profile or context
  bool same_program = false;  ///< the other side runs the same program, or descends from this recording
  static constexpr std::string_view kKind = "signal";
  static constexpr auto fields() {
    return std::tuple{field("direction", &SignalOp::direction, Presence::kAlways), field("signal", &SignalOp::signal),
                      field("peer", &SignalOp::peer), field("same_program", &SignalOp::same_program)};
  }
  auto operator<=>(const SignalOp&) const = default;
};

enum class PtraceAct : std::uint8_t { kTrace, kTracedBy, kRead, kReadBy };

struct PtraceOp {
  PtraceAct act = PtraceAct::kTrace;
  std::string peer;
  bool same_program = false;
  static constexpr std::string_view kKind = "ptrace";
  static constexpr auto fields() {
    return std::tuple{field("act", &PtraceOp::act, Presence::kAlways), field("peer", &PtraceOp::peer),
                      field("same_program", &PtraceOp::same_program)};
  }
  auto operator<=>(const PtraceOp&) const = default;
};

enum class MountAct : std::uint8_t { kMount, kRemount, kUmount, kPivotRoot, kBind, kMove, kPropagation };

struct MountOp {
  MountAct act = MountAct::kMount;
  std::string source;
  std::string target;
  std::string fstype;
  std::vector<std::string> flags;  ///< mount(8)'s words, sorted: "nosuid", "rbind", "ro"
  std::string data;
  static constexpr std::string_view kKind = "mount";
  static constexpr auto fields() {
    return std::tuple{field("act", &MountOp::act, Presence::kAlways),
                      field("source", &MountOp::source),
                      field("target", &MountOp::target),
                      field("fstype", &MountOp::fstype),
                      field("flags", &MountOp::flags),
                      field("data", &MountOp::data)};
  }
  auto operator<=>(const MountOp&) const = default;
};

struct IoctlOp {
  std::string path;   ///< empty if it was not a file
  std::string klass;  ///< what else it was: "tcp_socket", "pipe", "anon_inode:…"
  std::uint32_t command = 0;
  FileKind kind = FileKind::kUnknown;
  static constexpr std::string_view kKind = "ioctl";
  static constexpr auto fields() {
    return std::tuple{field("path", &IoctlOp::path), field("class", &IoctlOp::klass),
                      field("command", &IoctlOp::command, Presence::kAlways), field("file_kind", &IoctlOp::kind)};
  }
  auto operator<=>(const IoctlOp&) const = default;
};

enum class IpcKind : std::uint8_t { kMqueuePosix, kMqueueSysv, kShm, kSem, kDbus, kIoUring, kKey };

struct IpcOp {
  IpcKind kind = IpcKind::kShm;
  std::string name;                ///< a queue's name, a bus name, a key's description
  std::vector<std::string> perms;  ///< the mechanism's words, sorted: "create", "read", "send"
  std::string bus;                 ///< D-Bus only: "system", "session"; then its object path, interface and member
  std::string path;
  std::string interface;
  std::string member;
  std::string peer;
  static constexpr std::string_view kKind = "ipc";
  static constexpr auto fields() {
    return std::tuple{field("ipc", &IpcOp::kind, Presence::kAlways),
                      field("name", &IpcOp::name),
                      field("perms", &IpcOp::perms),
                      field("bus", &IpcOp::bus),
                      field("path", &IpcOp::path),
                      field("interface", &IpcOp::interface),
                      field("member", &IpcOp::member),
                      field("peer", &IpcOp::peer)};
  }
  auto operator<=>(const IpcOp&) const = default;
};

/// setrlimit or prlimit. AppArmor's "set rlimit" rule; SELinux's process setrlimit.
struct RlimitOp {
  std::string resource;     ///< lower case without RLIMIT_: "nofile"
  std::uint64_t value = 0;  ///< the hard limit asked for; ~0 is infinity
  bool raises_hard = false;
  static constexpr std::string_view kKind = "rlimit";
  static constexpr auto fields() {
    return std::tuple{field("resource", &RlimitOp::resource, Presence::kAlways), field("value", &RlimitOp::value),
                      field("raises_hard", &RlimitOp::raises_hard)};
  }
  auto operator<=>(const RlimitOp&) const = default;
};

enum class NamespaceAct : std::uint8_t { kCreate, kEnter };

struct NamespaceOp {
  NamespaceAct act = NamespaceAct::kCreate;
  std::string kind;  ///< "user", "mount", "pid", "net", "ipc", "uts", "cgroup", "time"
  static constexpr std::string_view kKind = "namespace";
  static constexpr auto fields() {
    return std::tuple{field("act", &NamespaceOp::act, Presence::kAlways),
                      field("namespace", &NamespaceOp::kind, Presence::kAlways)};
  }
  auto operator<=>(const NamespaceOp&) const = default;
};

/// AppArmor's change_profile, change_onexec and change_hat; SELinux's setcon, setexec and their kin.
struct DomainOp {
  std::string act;     ///< "change_profile", "change_onexec", "change_hat", "setcon", "setexec", "setfscreate", …
  std::string target;  ///< profile, hat or context
  std::string path;    ///< change_onexec only
  static constexpr std::string_view kKind = "domain";
  static constexpr auto fields() {
    return std::tuple{field("act", &DomainOp::act, Presence::kAlways), field("target", &DomainOp::target),
                      field("path", &DomainOp::path)};
  }
  auto operator<=>(const DomainOp&) const = default;
};

/// An SELinux access vector. Contexts whole, as logged; the permissions sorted.
struct AvOp {
  std::string source;
  std::string target;
  std::string klass;
  std::vector<std::string> perms;
  std::vector<std::uint32_t> xperms;  ///< the extended permission's numbers (ioctl commands, netlink types)
  std::string path;                   ///< what the record says of the object, if anything
  static constexpr std::string_view kKind = "av";
  static constexpr auto fields() {
    return std::tuple{field("source", &AvOp::source, Presence::kAlways),
                      field("target", &AvOp::target, Presence::kAlways),
                      field("class", &AvOp::klass, Presence::kAlways),
                      field("perms", &AvOp::perms),
                      field("xperms", &AvOp::xperms),
                      field("path", &AvOp::path)};
  }
  auto operator<=>(const AvOp&) const = default;
};

using Operation = std::variant<SyscallOp, FileOp, ExecOp, NetOp, UnixOp, CapabilityOp, SignalOp, PtraceOp, MountOp,
                               IoctlOp, IpcOp, RlimitOp, NamespaceOp, DomainOp, AvOp>;

}  // namespace cordon
