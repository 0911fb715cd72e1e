// Message queues, System V IPC and keys.
#include <fcntl.h>
#include <linux/ioctl.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/types.h>

#include <algorithm>
#include <cstdio>

#include "base/fd.h"
#include "base/text.h"
#include "ptrace/decode.h"
#include "ptrace/files.h"
#include "ptrace/memory.h"
#include "ptrace/net.h"

namespace cordon::decode {
namespace {

void ipc_at_exit(Tracee& tracee, IpcKind kind, std::string name, std::vector<std::string> perms) {
  IpcOp op;
  op.kind = kind;
  op.name = std::move(name);
  op.perms = std::move(perms);
  std::sort(op.perms.begin(), op.perms.end());
  at_exit(tracee, std::move(op));
}

enum class SysvCall : std::uint8_t { kGet, kUse, kAttach, kControl };
struct SysvRow {
  std::string_view name;
  IpcKind kind;
  SysvCall call;
  std::uint8_t flags_arg;      ///< of get and attach; of control the command
  std::string_view perm = {};  ///< of kUse
};
constexpr SysvRow kSysv[] = {
    {"msgctl", IpcKind::kMqueueSysv, SysvCall::kControl, 1},
    {"msgget", IpcKind::kMqueueSysv, SysvCall::kGet, 1},
    {"msgrcv", IpcKind::kMqueueSysv, SysvCall::kUse, 0, "read"},
    {"msgsnd", IpcKind::kMqueueSysv, SysvCall::kUse, 0, "write"},
    {"semctl", IpcKind::kSem, SysvCall::kControl, 2},
    {"semget", IpcKind::kSem, SysvCall::kGet, 2},
    {"semop", IpcKind::kSem, SysvCall::kUse, 0, "write"},
    {"semtimedop", IpcKind::kSem, SysvCall::kUse, 0, "write"},
    {"semtimedop_time64", IpcKind::kSem, SysvCall::kUse, 0, "write"},
    {"shmat", IpcKind::kShm, SysvCall::kAttach, 2},
    {"shmctl", IpcKind::kShm, SysvCall::kControl, 1},
    {"shmget", IpcKind::kShm, SysvCall::kGet, 2},
};

/// linux/ipc.h, linux/sem.h, linux/shm.h: what a control command asks for. IPC_64 (0x100) may be set.
std::string_view control_perm(std::uint64_t command) {
  switch (command & 0xff) {
    case IPC_RMID: return "destroy";
    case IPC_SET: return "setattr";
    case 16:
    case 17: return "write";  // SETVAL, SETALL
    case 12:
    case 13:
    case 14:
    case 15: return "read";  // GETVAL, GETALL, GETNCNT, GETZCNT; shm's unlock has no word
    default: return "getattr";
  }
}

std::vector<std::string> sysv_perms(const SysvRow& row, const Call& call) {
  constexpr std::uint64_t kShmRdonly = 010000;
  const std::uint64_t flags = call.args[row.flags_arg];
  switch (row.call) {
    case SysvCall::kGet:
      return {(flags & IPC_CREAT) != 0 || static_cast<std::uint32_t>(call.args[0]) == IPC_PRIVATE ? "create"
                                                                                                  : "associate"};
    case SysvCall::kAttach:
      return (flags & kShmRdonly) != 0 ? std::vector<std::string>{"read"} : std::vector<std::string>{"read", "write"};
    case SysvCall::kControl: return {std::string(control_perm(flags))};
    case SysvCall::kUse: break;
  }
  return {std::string(row.perm)};
}

struct KeyRow {
  std::uint32_t operation;
  std::string_view perm;
};
// linux/keyctl.h, with the words of SELinux's key class.
constexpr KeyRow kKeys[] = {
    {1, "create"}, {2, "write"}, {3, "setattr"}, {4, "setattr"}, {5, "setattr"},  {6, "view"},     {7, "write"},
    {8, "link"},   {9, "write"}, {10, "search"}, {11, "read"},   {15, "setattr"}, {21, "setattr"},
};

}  // namespace

bool mq_open_entry(World&, Tracee& tracee) {
  const Call& call = tracee.call;
  std::string name;
  if (!read_string(tracee.tid, call.args[0], name, 256)) return true;
  std::vector<std::string> perms{"open"};
  const std::uint64_t mode = call.args[1] & O_ACCMODE;
  if (mode != O_WRONLY) perms.emplace_back("read");
  if (mode != O_RDONLY) perms.emplace_back("write");
  if ((call.args[1] & O_CREAT) != 0) perms.emplace_back("create");
  ipc_at_exit(tracee, IpcKind::kMqueuePosix, "/" + name, std::move(perms));  // the C library strips the slash
  return true;
}

bool mq_unlink_entry(World&, Tracee& tracee) {
  std::string name;
  if (read_string(tracee.tid, tracee.call.args[0], name, 256))
    ipc_at_exit(tracee, IpcKind::kMqueuePosix, "/" + name, {"delete"});
  return true;
}

bool sysv_entry(World& world, Tracee& tracee) {
  const auto* row = std::find_if(std::begin(kSysv), std::end(kSysv),
                                 [&](const SysvRow& r) { return r.name == tracee.call.row->name; });
  if (row == std::end(kSysv)) return false;
  std::vector<std::string> perms = sysv_perms(*row, tracee.call);
  const std::uint64_t what = static_cast<std::uint64_t>(row - kSysv) << 32 | world.texts.intern(perms.front());
  const ActionKey key{tracee.call.subject, what_of(Act::kOther, 1), what, perms.size(), 0};
  if (!world.wants_result(key)) return false;
  IpcOp op;
  op.kind = row->kind;
  op.perms = std::move(perms);
  tracee.call.pending.push_back({key, std::move(op)});
  return true;
}

bool key_entry(World&, Tracee& tracee) {
  std::string description;
  read_string(tracee.tid, tracee.call.args[1], description, 4096);
  ipc_at_exit(tracee, IpcKind::kKey, description, {tracee.call.row->name == "add_key" ? "create" : "search"});
  return true;
}

bool keyctl_entry(World&, Tracee& tracee) {
  const auto operation = static_cast<std::uint32_t>(tracee.call.args[0]);
  for (const KeyRow& row : kKeys)
    if (row.operation == operation) ipc_at_exit(tracee, IpcKind::kKey, {}, {std::string(row.perm)});
  return true;
}

bool socket_entry(World&, Tracee&) { return true; }

void socket_exit(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  const int domain = static_cast<int>(call.args[0]);
  net::made(world, tracee, domain, static_cast<int>(call.args[1]), static_cast<int>(call.args[2]));
  if (call.failed) return;
  if (FdEntry* entry = tracee.files->at(static_cast<int>(call.result)))
    entry->object = net::socket_object(world, domain, static_cast<int>(call.args[1]), static_cast<int>(call.args[2]));
}

void socketpair_exit(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  const int domain = static_cast<int>(call.args[0]);
  net::made(world, tracee, domain, static_cast<int>(call.args[1]), static_cast<int>(call.args[2]));
  std::int32_t pair[2]{-1, -1};
  if (call.failed || !read_object(tracee.tid, call.args[3], pair)) return;
  for (const int fd : pair)
    if (FdEntry* entry = tracee.files->at(fd))
      entry->object = net::socket_object(world, domain, static_cast<int>(call.args[1]), static_cast<int>(call.args[2]));
}

}  // namespace cordon::decode
