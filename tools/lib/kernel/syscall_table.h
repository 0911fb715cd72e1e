#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/arch.h"

/// What every syscall's arguments are and what the call implies: one declarative table (syscall_table.cc), a row a
/// call, from the man pages of section 2 and the kernel's SYSCALL_DEFINE lines.
namespace cordon {

/// What an argument is. Those that carry policy (a filter can usefully test them) have a mask in policy_arg().
enum class ArgKind : std::uint8_t {
  kNone,      ///< not looked at: sizes, buffers, modes, timeouts
  kFd,        ///< a descriptor
  kDirfd,     ///< a directory descriptor for the kPath that follows, or AT_FDCWD
  kPath,      ///< a NUL-ended path in the caller's memory
  kPointer,   ///< memory that the recorder may look into
  kSockaddr,  ///< followed by its length
  kMsghdr,
  kPid,
  kUid,
  kOpenFlags,  ///< open(2)
  kOpenHow,    ///< struct open_how of openat2(2)
  kAtFlags,    ///< AT_*
  kMountFlags,
  kCloneArgs,  ///< struct clone_args of clone3(2)
  kSocketDomain,
  kSocketType,
  kSocketProtocol,
  kCloneFlags,  ///< clone(2): the namespace bits
  kUnshareFlags,
  kSetnsType,
  kIoctlCommand,
  kFcntlCommand,
  kPrctlOption,
  kArchPrctlCode,
  kPersonality,
  kKeyctlOperation,
  kBpfCommand,
  kPerfFlags,
  kProt,  ///< PROT_* of mmap, mprotect
  kSocketLevel,
  kSocketOption,
  kSignal,
  kPtraceRequest,
  kIoUringOpcode,
  kSocketcall,  ///< i386: the call that stands behind socketcall(2)
  kIpcCall,     ///< i386: the call that stands behind ipc(2)
  kNodeType,    ///< the S_IFMT bits of mknod(2)'s mode
  kSeccompOperation,
  kSyslogAction,
  kQuotaCommand,
  kRebootCommand,
  kRlimitResource,
  kCount_,
};

/// How a filter can test an argument of this kind. A mask of 0: it carries no policy.
struct PolicyArg {
  std::uint64_t mask = 0;
  std::string_view vocabulary;  ///< what the numbers are, in words: "socket domain"
};
const PolicyArg& policy_arg(ArgKind kind);

/// What a call does to a path or a descriptor.
enum class Access : std::uint8_t {
  kNone,
  kOpen,  ///< as the open flags say
  kGetattr,
  kSetattr,
  kChown,  ///< setattr that may need CAP_CHOWN
  kTruncate,
  kUnlink,
  kRmdir,
  kMkdir,
  kMknod,
  kRenameFrom,
  kRenameTo,
  kLinkFrom,
  kLinkTo,
  kSymlink,
  kReadlink,
  kExec,
  kGetxattr,
  kSetxattr,
  kSearch,  ///< becomes the cwd
  kChroot,
  kWatch,
  kMountSource,
  kMountTarget,
  kUmount,
  kPivotNew,
  kPivotOld,
  kList,
  kLock,
  kMap,  ///< mmap; with PROT_EXEC map_exec
  kIoctl,
  kRead,
  kWrite,
  kBind,
  kConnect,
  kAccept,
  kListen,
  kSend,
  kReceive,
  kGetopt,
  kSetopt,
  kSockname,  ///< getsockname, getpeername
  kShutdown,
  kFcntl,   ///< as the fcntl command says
  kAccess,  ///< access(2): the mode asked for
  kCount_,
};

/// Whether the last component of a path is followed when it is a symlink.
enum class Follow : std::uint8_t {
  kYes,
  kNo,
  kUnlessAtNofollow,  ///< AT_SYMLINK_NOFOLLOW in the row's kAtFlags argument stops it
  kIfAtFollow,        ///< AT_SYMLINK_FOLLOW asks for it (linkat)
  kByOpenFlags,       ///< O_NOFOLLOW, or O_CREAT|O_EXCL
  kUnlessUmountNofollow,
  kByWatchMask,  ///< IN_DONT_FOLLOW
};

/// One operand. The argument's kind says whether it is a path or a descriptor; a kPath's directory is the kDirfd
/// argument just before it, else the cwd.
struct Use {
  Access access = Access::kNone;
  std::uint8_t arg = 0;
  Follow follow = Follow::kYes;
};

/// What a call changes. Bits.
enum Effect : std::uint32_t {
  kMakesFd = 1,      ///< its result is a descriptor
  kMakesFdPair = 2,  ///< writes two descriptors to the pointer in its last-but-… argument (pipe, socketpair)
  kClosesFd = 4,     ///< argument 0
  kClosesRange = 8,
  kDupsFd = 16,  ///< result is a copy of argument 0
  kForks = 32,
  kChangesCreds = 64,
  kChangesCwd = 128,
  kChangesRoot = 256,  ///< chroot, pivot_root, setns, unshare: how paths resolve
  kChangesMounts = 512,
  kInstallsFilter = 1024,
  kExecs = 2048,
  kExits = 4096,
  kMovesNames = 8192,  ///< a symlink or directory may have come, gone or moved
  kSignals = 16384,
  kNoReturn = 32768,  ///< no exit stop comes (exit, rt_sigreturn's result is not a result)
};

struct SyscallInfo {
  std::string_view name;
  std::array<ArgKind, 6> args{};
  std::uint32_t effects = 0;
  std::array<Use, 3> uses{};
};

/// The row of a call; calls without a row of their own share an empty one. Never fails.
const SyscallInfo& syscall_info(Arch arch, std::string_view name);

/// One argument position that carries policy.
struct PolicyPosition {
  std::uint8_t index;
  ArgKind kind;
  std::uint64_t mask;
};
/// Those of a call, ascending; `count` are used.
struct PolicyPositions {
  std::array<PolicyPosition, 6> at{};
  std::uint8_t count = 0;
};
PolicyPositions policy_positions(const SyscallInfo& info);

/// The call behind i386's socketcall(2) (linux/net.h SYS_*) and ipc(2) (linux/ipc.h); "" if there is none.
std::string_view socketcall_name(std::uint64_t call);
std::string_view ipc_call_name(std::uint64_t call);

}  // namespace cordon
