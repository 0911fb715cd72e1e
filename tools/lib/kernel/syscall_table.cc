#include "kernel/syscall_table.h"

#include <algorithm>
#include <iterator>

#include "kernel/names.h"

namespace cordon {
namespace {

using enum ArgKind;
using A = Access;
using F = Follow;

constexpr std::uint64_t kInt = 0xffffffff;  // the kernel reads these arguments as 32-bit

struct PolicyRow {
  ArgKind kind;
  PolicyArg policy;
};
constexpr PolicyRow kPolicy[] = {
    {kSocketDomain, {kInt, "socket domain"}},
    {kSocketType, {0xf, "socket type"}},  // linux/net.h SOCK_TYPE_MASK: above it lie SOCK_CLOEXEC and kin
    {kSocketProtocol, {kInt, "socket protocol"}},
    {kCloneFlags, {kCloneNamespaceMask, "namespace flags"}},
    {kUnshareFlags, {kInt, "unshare flags"}},
    {kSetnsType, {kInt, "namespace type"}},
    {kIoctlCommand, {kInt, "ioctl command"}},
    {kFcntlCommand, {kInt, "fcntl command"}},
    {kPrctlOption, {kInt, "prctl option"}},
    {kArchPrctlCode, {kInt, "arch_prctl code"}},
    {kPersonality, {kInt, "persona"}},
    {kKeyctlOperation, {kInt, "keyctl operation"}},
    {kBpfCommand, {kInt, "bpf command"}},
    {kPerfFlags, {kInt, "perf_event_open flags"}},
    {kProt, {0x7, "memory protection"}},  // PROT_READ|PROT_WRITE|PROT_EXEC
    {kSocketLevel, {kInt, "socket option level"}},
    {kSocketOption, {kInt, "socket option"}},
    {kSignal, {kInt, "signal"}},
    {kPtraceRequest, {kInt, "ptrace request"}},
    {kIoUringOpcode, {kInt, "io_uring_register operation"}},
    {kSocketcall, {kInt, "socketcall"}},
    {kIpcCall, {0xffff, "ipc call"}},  // the version lies above (ipc/syscall.c)
    {kNodeType, {0170000, "file type"}},
    {kSeccompOperation, {kInt, "seccomp operation"}},
    {kSyslogAction, {kInt, "syslog action"}},
    {kQuotaCommand, {kInt, "quotactl command"}},
    {kRebootCommand, {kInt, "reboot command"}},
    {kRlimitResource, {kInt, "resource limit"}},
};

constexpr auto make_policy() {
  std::array<PolicyArg, static_cast<std::size_t>(ArgKind::kCount_)> all{};
  for (const PolicyRow& row : kPolicy) all[static_cast<std::size_t>(row.kind)] = row.policy;
  return all;
}
constexpr auto kPolicyByKind = make_policy();

constexpr std::uint32_t kCreds = kChangesCreds;
constexpr std::uint32_t kView = kChangesRoot | kChangesMounts | kMovesNames;

// clang-format off
constexpr SyscallInfo kRows[] = {
    // Paths: opening
    {"open", {kPath, kOpenFlags}, kMakesFd, {{{A::kOpen, 0, F::kByOpenFlags}}}},
    {"creat", {kPath}, kMakesFd, {{{A::kOpen, 0, F::kByOpenFlags}}}},
    {"openat", {kDirfd, kPath, kOpenFlags}, kMakesFd, {{{A::kOpen, 1, F::kByOpenFlags}}}},
    {"openat2", {kDirfd, kPath, kOpenHow}, kMakesFd, {{{A::kOpen, 1, F::kByOpenFlags}}}},
    {"open_by_handle_at", {kFd, kPointer, kOpenFlags}, kMakesFd, {}},
    {"name_to_handle_at", {kDirfd, kPath, kPointer, kPointer, kAtFlags}, 0, {{{A::kGetattr, 1, F::kIfAtFollow}}}},
    {"open_tree", {kDirfd, kPath, kAtFlags}, kMakesFd | kChangesMounts, {{{A::kMountSource, 1, F::kUnlessAtNofollow}}}},
    {"open_tree_attr", {kDirfd, kPath, kAtFlags}, kMakesFd | kChangesMounts, {{{A::kMountSource, 1, F::kUnlessAtNofollow}}}},
    // Paths: attributes
    {"stat", {kPath}, 0, {{{A::kGetattr, 0}}}},
    {"stat64", {kPath}, 0, {{{A::kGetattr, 0}}}},
    {"oldstat", {kPath}, 0, {{{A::kGetattr, 0}}}},
    {"lstat", {kPath}, 0, {{{A::kGetattr, 0, F::kNo}}}},
    {"lstat64", {kPath}, 0, {{{A::kGetattr, 0, F::kNo}}}},
    {"oldlstat", {kPath}, 0, {{{A::kGetattr, 0, F::kNo}}}},
    {"fstat", {kFd}, 0, {{{A::kGetattr, 0}}}},
    {"fstat64", {kFd}, 0, {{{A::kGetattr, 0}}}},
    {"oldfstat", {kFd}, 0, {{{A::kGetattr, 0}}}},
    {"newfstatat", {kDirfd, kPath, kPointer, kAtFlags}, 0, {{{A::kGetattr, 1, F::kUnlessAtNofollow}}}},
    {"fstatat64", {kDirfd, kPath, kPointer, kAtFlags}, 0, {{{A::kGetattr, 1, F::kUnlessAtNofollow}}}},
    {"statx", {kDirfd, kPath, kAtFlags}, 0, {{{A::kGetattr, 1, F::kUnlessAtNofollow}}}},
    {"statfs", {kPath}, 0, {{{A::kGetattr, 0}}}},
    {"statfs64", {kPath}, 0, {{{A::kGetattr, 0}}}},
    {"fstatfs", {kFd}, 0, {{{A::kGetattr, 0}}}},
    {"fstatfs64", {kFd}, 0, {{{A::kGetattr, 0}}}},
    {"access", {kPath}, 0, {{{A::kAccess, 0}}}},
    {"faccessat", {kDirfd, kPath}, 0, {{{A::kAccess, 1}}}},
    {"faccessat2", {kDirfd, kPath, kNone, kAtFlags}, 0, {{{A::kAccess, 1, F::kUnlessAtNofollow}}}},
    {"file_getattr", {kDirfd, kPath, kPointer, kNone, kAtFlags}, 0, {{{A::kGetattr, 1, F::kUnlessAtNofollow}}}},
    {"file_setattr", {kDirfd, kPath, kPointer, kNone, kAtFlags}, 0, {{{A::kSetattr, 1, F::kUnlessAtNofollow}}}},
    {"readlink", {kPath}, 0, {{{A::kReadlink, 0, F::kNo}}}},
    {"readlinkat", {kDirfd, kPath}, 0, {{{A::kReadlink, 1, F::kNo}}}},
    {"chmod", {kPath}, 0, {{{A::kSetattr, 0}}}},
    {"fchmod", {kFd}, 0, {{{A::kSetattr, 0}}}},
    {"fchmodat", {kDirfd, kPath}, 0, {{{A::kSetattr, 1}}}},
    {"fchmodat2", {kDirfd, kPath, kNone, kAtFlags}, 0, {{{A::kSetattr, 1, F::kUnlessAtNofollow}}}},
    {"chown", {kPath, kUid, kUid}, 0, {{{A::kChown, 0}}}},
    {"chown32", {kPath, kUid, kUid}, 0, {{{A::kChown, 0}}}},
    {"lchown", {kPath, kUid, kUid}, 0, {{{A::kChown, 0, F::kNo}}}},
    {"lchown32", {kPath, kUid, kUid}, 0, {{{A::kChown, 0, F::kNo}}}},
    {"fchown", {kFd, kUid, kUid}, 0, {{{A::kChown, 0}}}},
    {"fchown32", {kFd, kUid, kUid}, 0, {{{A::kChown, 0}}}},
    {"fchownat", {kDirfd, kPath, kUid, kUid, kAtFlags}, 0, {{{A::kChown, 1, F::kUnlessAtNofollow}}}},
    {"utime", {kPath}, 0, {{{A::kSetattr, 0}}}},
    {"utimes", {kPath}, 0, {{{A::kSetattr, 0}}}},
    {"futimesat", {kDirfd, kPath}, 0, {{{A::kSetattr, 1}}}},
    {"utimensat", {kDirfd, kPath, kPointer, kAtFlags}, 0, {{{A::kSetattr, 1, F::kUnlessAtNofollow}}}},
    {"utimensat_time64", {kDirfd, kPath, kPointer, kAtFlags}, 0, {{{A::kSetattr, 1, F::kUnlessAtNofollow}}}},
    {"truncate", {kPath}, 0, {{{A::kTruncate, 0}}}},
    {"truncate64", {kPath}, 0, {{{A::kTruncate, 0}}}},
    {"ftruncate", {kFd}, 0, {{{A::kTruncate, 0}}}},
    {"ftruncate64", {kFd}, 0, {{{A::kTruncate, 0}}}},
    {"setxattr", {kPath, kPointer}, 0, {{{A::kSetxattr, 0}}}},
    {"lsetxattr", {kPath, kPointer}, 0, {{{A::kSetxattr, 0, F::kNo}}}},
    {"fsetxattr", {kFd, kPointer}, 0, {{{A::kSetxattr, 0}}}},
    {"setxattrat", {kDirfd, kPath, kAtFlags, kPointer}, 0, {{{A::kSetxattr, 1, F::kUnlessAtNofollow}}}},
    {"removexattr", {kPath, kPointer}, 0, {{{A::kSetxattr, 0}}}},
    {"lremovexattr", {kPath, kPointer}, 0, {{{A::kSetxattr, 0, F::kNo}}}},
    {"fremovexattr", {kFd, kPointer}, 0, {{{A::kSetxattr, 0}}}},
    {"removexattrat", {kDirfd, kPath, kAtFlags, kPointer}, 0, {{{A::kSetxattr, 1, F::kUnlessAtNofollow}}}},
    {"getxattr", {kPath, kPointer}, 0, {{{A::kGetxattr, 0}}}},
    {"lgetxattr", {kPath, kPointer}, 0, {{{A::kGetxattr, 0, F::kNo}}}},
    {"fgetxattr", {kFd, kPointer}, 0, {{{A::kGetxattr, 0}}}},
    {"getxattrat", {kDirfd, kPath, kAtFlags, kPointer}, 0, {{{A::kGetxattr, 1, F::kUnlessAtNofollow}}}},
    {"listxattr", {kPath}, 0, {{{A::kGetxattr, 0}}}},
    {"llistxattr", {kPath}, 0, {{{A::kGetxattr, 0, F::kNo}}}},
    {"flistxattr", {kFd}, 0, {{{A::kGetxattr, 0}}}},
    {"listxattrat", {kDirfd, kPath, kAtFlags}, 0, {{{A::kGetxattr, 1, F::kUnlessAtNofollow}}}},
    {"inotify_add_watch", {kFd, kPath}, 0, {{{A::kWatch, 1, F::kByWatchMask}}}},
    {"fanotify_mark", {kFd, kNone, kNone, kDirfd, kPath}, 0, {{{A::kWatch, 4}}}},
    {"uselib", {kPath}, 0, {{{A::kMap, 0}}}},
    // Paths: names
    {"unlink", {kPath}, 0, {{{A::kUnlink, 0, F::kNo}}}},
    {"unlinkat", {kDirfd, kPath, kAtFlags}, 0, {{{A::kUnlink, 1, F::kNo}}}},
    {"rmdir", {kPath}, 0, {{{A::kRmdir, 0, F::kNo}}}},
    {"mkdir", {kPath}, 0, {{{A::kMkdir, 0, F::kNo}}}},
    {"mkdirat", {kDirfd, kPath}, 0, {{{A::kMkdir, 1, F::kNo}}}},
    {"mknod", {kPath, kNodeType}, 0, {{{A::kMknod, 0, F::kNo}}}},
    {"mknodat", {kDirfd, kPath, kNodeType}, 0, {{{A::kMknod, 1, F::kNo}}}},
    {"rename", {kPath, kPath}, kMovesNames, {{{A::kRenameFrom, 0, F::kNo}, {A::kRenameTo, 1, F::kNo}}}},
    {"renameat", {kDirfd, kPath, kDirfd, kPath}, kMovesNames, {{{A::kRenameFrom, 1, F::kNo}, {A::kRenameTo, 3, F::kNo}}}},
    {"renameat2", {kDirfd, kPath, kDirfd, kPath}, kMovesNames, {{{A::kRenameFrom, 1, F::kNo}, {A::kRenameTo, 3, F::kNo}}}},
    {"link", {kPath, kPath}, 0, {{{A::kLinkFrom, 0, F::kNo}, {A::kLinkTo, 1, F::kNo}}}},
    {"linkat", {kDirfd, kPath, kDirfd, kPath, kAtFlags}, 0, {{{A::kLinkFrom, 1, F::kIfAtFollow}, {A::kLinkTo, 3, F::kNo}}}},
    {"symlink", {kPointer, kPath}, kMovesNames, {{{A::kSymlink, 1, F::kNo}}}},
    {"symlinkat", {kPointer, kDirfd, kPath}, kMovesNames, {{{A::kSymlink, 2, F::kNo}}}},
    {"chdir", {kPath}, kChangesCwd, {{{A::kSearch, 0}}}},
    {"fchdir", {kFd}, kChangesCwd, {{{A::kSearch, 0}}}},
    {"chroot", {kPath}, kChangesRoot | kMovesNames, {{{A::kChroot, 0}}}},
    {"acct", {kPath}, 0, {{{A::kWrite, 0}}}},
    {"swapon", {kPath}, 0, {{{A::kWrite, 0}}}},
    {"swapoff", {kPath}, 0, {{{A::kWrite, 0}}}},
    {"quotactl", {kQuotaCommand, kPath}, 0, {{{A::kGetattr, 1}}}},
    {"quotactl_fd", {kFd, kQuotaCommand}, 0, {{{A::kGetattr, 0}}}},
    // Mounts
    {"mount", {kPath, kPath, kPointer, kMountFlags, kPointer}, kView, {{{A::kMountSource, 0}, {A::kMountTarget, 1}}}},
    {"umount2", {kPath, kAtFlags}, kView, {{{A::kUmount, 0, F::kUnlessUmountNofollow}}}},
    {"umount", {kPath}, kView, {{{A::kUmount, 0}}}},
    {"pivot_root", {kPath, kPath}, kView, {{{A::kPivotNew, 0}, {A::kPivotOld, 1}}}},
    {"move_mount", {kDirfd, kPath, kDirfd, kPath}, kView, {{{A::kMountSource, 1}, {A::kMountTarget, 3}}}},
    {"mount_setattr", {kDirfd, kPath, kAtFlags}, kView, {{{A::kMountTarget, 1}}}},
    {"fsopen", {kPointer}, kMakesFd, {}},
    {"fsmount", {kFd}, kMakesFd | kChangesMounts, {}},
    {"fspick", {kDirfd, kPath}, kMakesFd, {{{A::kMountTarget, 1}}}},
    {"fsconfig", {kFd}, 0, {}},
    {"setns", {kFd, kSetnsType}, kView | kCreds, {}},
    {"unshare", {kUnshareFlags}, kView | kCreds, {}},
    // Descriptors
    {"close", {kFd}, kClosesFd, {}},
    {"close_range", {kFd, kFd}, kClosesRange, {}},
    {"dup", {kFd}, kDupsFd | kMakesFd, {}},
    {"dup2", {kFd, kFd}, kDupsFd | kMakesFd, {}},
    {"dup3", {kFd, kFd}, kDupsFd | kMakesFd, {}},
    {"fcntl", {kFd, kFcntlCommand}, 0, {{{A::kFcntl, 0}}}},
    {"fcntl64", {kFd, kFcntlCommand}, 0, {{{A::kFcntl, 0}}}},
    {"flock", {kFd}, 0, {{{A::kLock, 0}}}},
    {"getdents", {kFd}, 0, {{{A::kList, 0}}}},
    {"getdents64", {kFd}, 0, {{{A::kList, 0}}}},
    {"readdir", {kFd}, 0, {{{A::kList, 0}}}},
    {"ioctl", {kFd, kIoctlCommand}, 0, {{{A::kIoctl, 0}}}},
    {"mmap", {kNone, kNone, kProt, kNone, kFd}, 0, {{{A::kMap, 4}}}},
    {"mmap2", {kNone, kNone, kProt, kNone, kFd}, 0, {{{A::kMap, 4}}}},
    {"old_mmap", {kPointer}, 0, {}},
    {"mprotect", {kPointer, kNone, kProt}, 0, {}},
    {"pkey_mprotect", {kPointer, kNone, kProt}, 0, {}},
    {"read", {kFd}, 0, {{{A::kRead, 0}}}},
    {"readv", {kFd}, 0, {{{A::kRead, 0}}}},
    {"pread64", {kFd}, 0, {{{A::kRead, 0}}}},
    {"preadv", {kFd}, 0, {{{A::kRead, 0}}}},
    {"preadv2", {kFd}, 0, {{{A::kRead, 0}}}},
    {"write", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"writev", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"pwrite64", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"pwritev", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"pwritev2", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"fallocate", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"sendfile", {kFd, kFd}, 0, {{{A::kWrite, 0}, {A::kRead, 1}}}},
    {"sendfile64", {kFd, kFd}, 0, {{{A::kWrite, 0}, {A::kRead, 1}}}},
    {"splice", {kFd, kNone, kFd}, 0, {{{A::kRead, 0}, {A::kWrite, 2}}}},
    {"tee", {kFd, kFd}, 0, {{{A::kRead, 0}, {A::kWrite, 1}}}},
    {"vmsplice", {kFd}, 0, {{{A::kWrite, 0}}}},
    {"copy_file_range", {kFd, kNone, kFd}, 0, {{{A::kRead, 0}, {A::kWrite, 2}}}},
    {"pipe", {kPointer}, kMakesFdPair, {}},
    {"pipe2", {kPointer}, kMakesFdPair, {}},
    {"epoll_create", {}, kMakesFd, {}},
    {"epoll_create1", {}, kMakesFd, {}},
    {"eventfd", {}, kMakesFd, {}},
    {"eventfd2", {}, kMakesFd, {}},
    {"signalfd", {}, kMakesFd, {}},
    {"signalfd4", {}, kMakesFd, {}},
    {"timerfd_create", {}, kMakesFd, {}},
    {"inotify_init", {}, kMakesFd, {}},
    {"inotify_init1", {}, kMakesFd, {}},
    {"fanotify_init", {}, kMakesFd, {}},
    {"memfd_create", {kPointer}, kMakesFd, {}},
    {"memfd_secret", {}, kMakesFd, {}},
    {"userfaultfd", {}, kMakesFd, {}},
    {"perf_event_open", {kPointer, kPid, kNone, kNone, kPerfFlags}, kMakesFd, {}},
    {"bpf", {kBpfCommand, kPointer}, kMakesFd, {}},
    {"io_uring_setup", {kNone, kPointer}, kMakesFd, {}},
    {"io_uring_enter", {kFd}, 0, {}},
    {"io_uring_register", {kFd, kIoUringOpcode}, 0, {}},
    {"pidfd_open", {kPid}, kMakesFd, {}},
    {"pidfd_getfd", {kFd, kNone}, kMakesFd, {}},
    {"landlock_create_ruleset", {}, kMakesFd, {}},
    {"landlock_restrict_self", {kFd}, kCreds, {}},
    {"mq_open", {kPointer, kOpenFlags}, kMakesFd, {}},
    {"mq_unlink", {kPointer}, 0, {}},
    // Sockets
    {"socket", {kSocketDomain, kSocketType, kSocketProtocol}, kMakesFd, {}},
    {"socketpair", {kSocketDomain, kSocketType, kSocketProtocol, kPointer}, kMakesFdPair, {}},
    {"bind", {kFd, kSockaddr}, 0, {{{A::kBind, 0}}}},
    {"connect", {kFd, kSockaddr}, 0, {{{A::kConnect, 0}}}},
    {"listen", {kFd}, 0, {{{A::kListen, 0}}}},
    {"accept", {kFd}, kMakesFd, {{{A::kAccept, 0}}}},
    {"accept4", {kFd}, kMakesFd, {{{A::kAccept, 0}}}},
    {"sendto", {kFd, kNone, kNone, kNone, kSockaddr}, 0, {{{A::kSend, 0}}}},
    {"send", {kFd}, 0, {{{A::kSend, 0}}}},
    {"sendmsg", {kFd, kMsghdr}, 0, {{{A::kSend, 0}}}},
    {"sendmmsg", {kFd, kMsghdr}, 0, {{{A::kSend, 0}}}},
    {"recvfrom", {kFd}, 0, {{{A::kReceive, 0}}}},
    {"recv", {kFd}, 0, {{{A::kReceive, 0}}}},
    {"recvmsg", {kFd}, 0, {{{A::kReceive, 0}}}},
    {"recvmmsg", {kFd}, 0, {{{A::kReceive, 0}}}},
    {"recvmmsg_time64", {kFd}, 0, {{{A::kReceive, 0}}}},
    {"setsockopt", {kFd, kSocketLevel, kSocketOption}, 0, {{{A::kSetopt, 0}}}},
    {"getsockopt", {kFd, kSocketLevel, kSocketOption}, 0, {{{A::kGetopt, 0}}}},
    {"getsockname", {kFd}, 0, {{{A::kSockname, 0}}}},
    {"getpeername", {kFd}, 0, {{{A::kSockname, 0}}}},
    {"shutdown", {kFd}, 0, {{{A::kShutdown, 0}}}},
    {"socketcall", {kSocketcall, kPointer}, 0, {}},
    {"ipc", {kIpcCall}, 0, {}},
    // Processes
    {"fork", {}, kForks, {}},
    {"vfork", {}, kForks, {}},
    {"clone", {kCloneFlags}, kForks, {}},
    {"clone3", {kCloneArgs}, kForks, {}},
    {"execve", {kPath, kPointer}, kExecs, {{{A::kExec, 0}}}},
    {"execveat", {kDirfd, kPath, kPointer, kPointer, kAtFlags}, kExecs, {{{A::kExec, 1, F::kUnlessAtNofollow}}}},
    {"exit", {}, kExits | kNoReturn, {}},
    {"exit_group", {}, kExits | kNoReturn, {}},
    {"rt_sigreturn", {}, kNoReturn, {}},
    {"sigreturn", {}, kNoReturn, {}},
    {"kill", {kPid, kSignal}, kSignals, {}},
    {"tkill", {kPid, kSignal}, kSignals, {}},
    {"tgkill", {kPid, kPid, kSignal}, kSignals, {}},
    {"rt_sigqueueinfo", {kPid, kSignal}, kSignals, {}},
    {"rt_tgsigqueueinfo", {kPid, kPid, kSignal}, kSignals, {}},
    {"pidfd_send_signal", {kFd, kSignal}, kSignals, {}},
    {"ptrace", {kPtraceRequest, kPid}, 0, {}},
    {"process_vm_readv", {kPid}, 0, {}},
    {"process_vm_writev", {kPid}, 0, {}},
    {"kcmp", {kPid, kPid}, 0, {}},
    {"prctl", {kPrctlOption}, 0, {}},
    {"arch_prctl", {kArchPrctlCode}, 0, {}},
    {"seccomp", {kSeccompOperation}, kMakesFd | kInstallsFilter, {}},
    {"personality", {kPersonality}, 0, {}},
    {"setrlimit", {kRlimitResource, kPointer}, 0, {}},
    {"prlimit64", {kPid, kRlimitResource, kPointer}, 0, {}},
    {"getrlimit", {kRlimitResource}, 0, {}},
    {"ugetrlimit", {kRlimitResource}, 0, {}},
    // Credentials
    {"setuid", {kUid}, kCreds, {}},
    {"setuid32", {kUid}, kCreds, {}},
    {"setgid", {kUid}, kCreds, {}},
    {"setgid32", {kUid}, kCreds, {}},
    {"setreuid", {kUid, kUid}, kCreds, {}},
    {"setreuid32", {kUid, kUid}, kCreds, {}},
    {"setregid", {kUid, kUid}, kCreds, {}},
    {"setregid32", {kUid, kUid}, kCreds, {}},
    {"setresuid", {kUid, kUid, kUid}, kCreds, {}},
    {"setresuid32", {kUid, kUid, kUid}, kCreds, {}},
    {"setresgid", {kUid, kUid, kUid}, kCreds, {}},
    {"setresgid32", {kUid, kUid, kUid}, kCreds, {}},
    {"setfsuid", {kUid}, kCreds, {}},
    {"setfsuid32", {kUid}, kCreds, {}},
    {"setfsgid", {kUid}, kCreds, {}},
    {"setfsgid32", {kUid}, kCreds, {}},
    {"setgroups", {kNone, kPointer}, kCreds, {}},
    {"setgroups32", {kNone, kPointer}, kCreds, {}},
    {"capset", {kPointer, kPointer}, kCreds, {}},
    // Keys, modules and the machine
    {"keyctl", {kKeyctlOperation}, 0, {}},
    {"add_key", {kPointer, kPointer}, 0, {}},
    {"request_key", {kPointer, kPointer}, 0, {}},
    {"syslog", {kSyslogAction}, 0, {}},
    {"reboot", {kNone, kNone, kRebootCommand}, 0, {}},
    {"init_module", {kPointer}, 0, {}},
    {"finit_module", {kFd}, 0, {{{A::kRead, 0}}}},
    {"delete_module", {kPointer}, 0, {}},
    {"kexec_file_load", {kFd, kFd}, 0, {{{A::kRead, 0}, {A::kRead, 1}}}},
    {"lookup_dcookie", {}, 0, {}},
};
// clang-format on

struct Variant {
  Arch arch;
  std::string_view name;
  std::string_view row;
};
// Names that mean another call on one ABI.
constexpr Variant kVariants[] = {
    {Arch::kI386, "mmap", "old_mmap"},  // arch/x86: sys_old_mmap takes a pointer to its arguments
    {Arch::kS390x, "mmap", "old_mmap"},
};

constexpr SyscallInfo kPlain{};

// s390x hands clone(2) the stack first (kernel/fork.c CONFIG_CLONE_BACKWARDS2).
constexpr SyscallInfo kCloneBackwards2{"clone", {kNone, kCloneFlags}, kForks, {}};

// linux/net.h SYS_SOCKET … SYS_SENDMMSG, from 1.
constexpr std::string_view kSocketcalls[] = {
    "",           "socket",  "bind",    "connect",  "listen",   "accept",   "getsockname", "getpeername",
    "socketpair", "send",    "recv",    "sendto",   "recvfrom", "shutdown", "setsockopt",  "getsockopt",
    "sendmsg",    "recvmsg", "accept4", "recvmmsg", "sendmmsg",
};

// linux/ipc.h
constexpr NamedNumber kIpcCalls[] = {
    {1, "semop"},   {2, "semget"},  {3, "semctl"}, {4, "semtimedop"}, {11, "msgsnd"}, {12, "msgrcv"},
    {13, "msgget"}, {14, "msgctl"}, {21, "shmat"}, {22, "shmdt"},     {23, "shmget"}, {24, "shmctl"},
};

constexpr auto make_sorted() {
  std::array<SyscallInfo, std::size(kRows)> rows{};
  std::copy(std::begin(kRows), std::end(kRows), rows.begin());
  std::sort(rows.begin(), rows.end(), [](const SyscallInfo& a, const SyscallInfo& b) { return a.name < b.name; });
  return rows;
}
constexpr auto kSorted = make_sorted();

constexpr bool all_unique() {
  return std::adjacent_find(kSorted.begin(), kSorted.end(), [](const SyscallInfo& a, const SyscallInfo& b) {
           return a.name == b.name;
         }) == kSorted.end();
}
static_assert(all_unique());

}  // namespace

const PolicyArg& policy_arg(ArgKind kind) { return kPolicyByKind[static_cast<std::size_t>(kind)]; }

const SyscallInfo& syscall_info(Arch arch, std::string_view name) {
  if (arch == Arch::kS390x && name == "clone") return kCloneBackwards2;
  for (const Variant& variant : kVariants)
    if (variant.arch == arch && variant.name == name) name = variant.row;
  const auto* found = std::lower_bound(kSorted.begin(), kSorted.end(), name,
                                       [](const SyscallInfo& row, std::string_view key) { return row.name < key; });
  return found != kSorted.end() && found->name == name ? *found : kPlain;
}

PolicyPositions policy_positions(const SyscallInfo& info) {
  PolicyPositions positions;
  for (std::uint8_t i = 0; i < info.args.size(); ++i) {
    const std::uint64_t mask = policy_arg(info.args[i]).mask;
    if (mask != 0) positions.at[positions.count++] = {i, info.args[i], mask};
  }
  return positions;
}

std::string_view socketcall_name(std::uint64_t call) {
  return call < std::size(kSocketcalls) ? kSocketcalls[call] : std::string_view();
}

std::string_view ipc_call_name(std::uint64_t call) {
  for (const NamedNumber& row : kIpcCalls)
    if (row.number == (call & 0xffff)) return row.name;
  return {};
}

}  // namespace cordon
