#include "ptrace/infer.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/names.h"
#include "ptrace/memory.h"

namespace cordon::infer {
namespace {

constexpr std::uint32_t kNoId = 0xffffffff;

/// The fact, if the call's end and the task's credentials agree that the capability was what decided.
void infer_one(World& world, Tracee& tracee, std::string_view name, std::string because) {
  const Call& call = tracee.call;
  const unsigned number = capability_number(name).value_or(0);
  const bool held = world.credentials(tracee).has(number);
  const std::int64_t error = call.failed ? -call.result : 0;
  const bool refused = error == EPERM || error == EACCES;
  if (call.failed ? (!refused || held) : !held) return;
  const ActionKey key{call.subject, what_of(Act::kCapability, number), siphash128(because).low, 0, 0};
  world.settle(tracee, key, [&] {
    CapabilityOp op;
    op.name = name;
    op.because = std::move(because);
    return Operation(std::move(op));
  });
}

bool differs(std::uint64_t asked, const std::uint32_t (&ids)[4]) {
  const auto id = static_cast<std::uint32_t>(asked);
  return id != kNoId && id != ids[0] && id != ids[1] && id != ids[2];
}

bool sets_foreign_uid(World& world, Tracee& tracee) {
  const Credentials& held = world.credentials(tracee);
  const unsigned count = static_cast<unsigned>(
      std::count(tracee.call.row->info->args.begin(), tracee.call.row->info->args.end(), ArgKind::kUid));
  for (unsigned i = 0; i < count; ++i)
    if (differs(tracee.call.args[i], held.uid)) return true;
  // As root, setuid(2) also sets the real and saved ids, which takes the capability unless all are root's.
  return count == 1 && held.uid[1] == 0 && (held.uid[0] != 0 || held.uid[2] != 0);
}

bool sets_foreign_gid(World& world, Tracee& tracee) {
  const Credentials& held = world.credentials(tracee);
  const unsigned count = static_cast<unsigned>(
      std::count(tracee.call.row->info->args.begin(), tracee.call.row->info->args.end(), ArgKind::kUid));
  for (unsigned i = 0; i < count; ++i)
    if (differs(tracee.call.args[i], held.gid)) return true;
  return false;
}

bool makes_privileged_namespace(std::uint64_t flags) {
  return (flags & kCloneNamespaceMask) != 0 && (flags & CLONE_NEWUSER) == 0;
}
bool clone_flags_privileged(World&, Tracee& tracee) { return makes_privileged_namespace(tracee.call.args[0]); }
bool clone3_flags_privileged(World&, Tracee& tracee) {
  std::uint64_t flags = 0;
  return read_object(tracee.tid, tracee.call.args[0], flags) && makes_privileged_namespace(flags);
}

bool real_time_policy(World&, Tracee& tracee) {
  const auto policy = tracee.call.args[1] & 0xff;
  return policy == SCHED_FIFO || policy == SCHED_RR;
}
bool real_time_attributes(World&, Tracee& tracee) {
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
  } attributes{};
  if (!read_object(tracee.tid, tracee.call.args[1], attributes)) return false;
  return attributes.policy == SCHED_FIFO || attributes.policy == SCHED_RR || attributes.policy == 6;  // SCHED_DEADLINE
}
bool negative_nice(World&, Tracee& tracee) { return static_cast<std::int32_t>(tracee.call.args[0]) < 0; }
bool negative_priority(World&, Tracee& tracee) { return static_cast<std::int32_t>(tracee.call.args[2]) < 0; }

bool adjusts_clock(World&, Tracee& tracee) {
  const unsigned at = tracee.call.row->name.starts_with("clock_") ? 1 : 0;
  std::uint32_t modes = 0;  // struct timex begins with them
  return read_object(tracee.tid, tracee.call.args[at], modes) && modes != 0;
}
bool alarm_clock(World&, Tracee& tracee) {
  return tracee.call.args[0] == 8 || tracee.call.args[0] == 9;
}  // CLOCK_*_ALARM

bool privileged_prctl_pcap(World&, Tracee& tracee) {
  const std::uint64_t option = tracee.call.args[0] & 0xffffffff;
  return option == PR_CAPBSET_DROP || option == PR_SET_SECUREBITS;
}
bool privileged_prctl_mm(World&, Tracee& tracee) { return (tracee.call.args[0] & 0xffffffff) == PR_SET_MM; }

bool privileged_option(World&, Tracee& tracee) {
  const std::uint64_t* args = tracee.call.args;
  const std::uint64_t option = args[2] & 0xffffffff;
  if ((args[1] & 0xffffffff) == SOL_SOCKET)
    return option == SO_MARK || option == SO_SNDBUFFORCE || option == SO_RCVBUFFORCE || option == SO_DEBUG;
  return (args[1] & 0xffffffff) == 0 && option == 19;  // IPPROTO_IP, IP_TRANSPARENT
}

bool privileged_net_ioctl(World&, Tracee& tracee) {
  // linux/sockios.h: the SIOCS* of interfaces, routes, bridges and ARP entries.
  constexpr std::uint32_t kCommands[] = {0x8914, 0x8916, 0x8918, 0x891a, 0x891c, 0x891e, 0x8922,
                                         0x8923, 0x8924, 0x8931, 0x8932, 0x8943, 0x890b, 0x890c,
                                         0x8953, 0x8955, 0x89a0, 0x89a1, 0x89a2, 0x89a3};
  const auto command = static_cast<std::uint32_t>(tracee.call.args[1]);
  return std::find(std::begin(kCommands), std::end(kCommands), command) != std::end(kCommands);
}
bool new_mount_tree(World&, Tracee& tracee) { return (tracee.call.args[2] & 1) != 0; }  // OPEN_TREE_CLONE
bool reads_kernel_log(World&, Tracee& tracee) { return tracee.call.args[0] != 3 && tracee.call.args[0] != 10; }

bool sets_security_xattr(World&, Tracee& tracee, std::string_view prefix) {
  std::string name;
  return read_string(tracee.tid, tracee.call.args[1], name, 256) && name.starts_with(prefix);
}
bool sets_trusted_xattr(World& world, Tracee& tracee) { return sets_security_xattr(world, tracee, "trusted."); }
bool sets_file_capability(World& world, Tracee& tracee) {
  return sets_security_xattr(world, tracee, "security.capability");
}

// capabilities(7), and the capable() calls of the kernel's own code.
constexpr CapabilityRow kRows[] = {
    {"acct", "sys_pacct", nullptr, true},
    {"adjtimex", "sys_time", adjusts_clock, true},
    {"bpf", "bpf", nullptr, false},
    {"clock_adjtime", "sys_time", adjusts_clock, true},
    {"clock_settime", "sys_time", nullptr, true},
    {"clone", "sys_admin", clone_flags_privileged, false},
    {"clone3", "sys_admin", clone3_flags_privileged, false},
    {"delete_module", "sys_module", nullptr, true},
    {"fanotify_init", "sys_admin", nullptr, true},
    {"finit_module", "sys_module", nullptr, true},
    {"fsetxattr", "sys_admin", sets_trusted_xattr, true},
    {"fsetxattr", "setfcap", sets_file_capability, true},
    {"fsmount", "sys_admin", nullptr, true},
    {"fsopen", "sys_admin", nullptr, true},
    {"init_module", "sys_module", nullptr, true},
    {"ioctl", "net_admin", privileged_net_ioctl, false},
    {"ioperm", "sys_rawio", nullptr, true},
    {"iopl", "sys_rawio", nullptr, true},
    {"kexec_file_load", "sys_boot", nullptr, true},
    {"kexec_load", "sys_boot", nullptr, true},
    {"lsetxattr", "sys_admin", sets_trusted_xattr, true},
    {"lsetxattr", "setfcap", sets_file_capability, true},
    {"mount", "sys_admin", nullptr, true},
    {"mount_setattr", "sys_admin", nullptr, true},
    {"move_mount", "sys_admin", nullptr, true},
    {"nice", "sys_nice", negative_nice, true},
    {"open_by_handle_at", "dac_read_search", nullptr, true},
    {"open_tree", "sys_admin", new_mount_tree, true},
    {"pivot_root", "sys_admin", nullptr, true},
    {"prctl", "setpcap", privileged_prctl_pcap, false},
    {"prctl", "sys_resource", privileged_prctl_mm, false},
    {"quotactl", "sys_admin", nullptr, true},
    {"reboot", "sys_boot", nullptr, true},
    {"sched_setattr", "sys_nice", real_time_attributes, true},
    {"sched_setscheduler", "sys_nice", real_time_policy, true},
    {"setdomainname", "sys_admin", nullptr, true},
    {"setfsgid", "setgid", sets_foreign_gid, true},
    {"setfsgid32", "setgid", sets_foreign_gid, true},
    {"setfsuid", "setuid", sets_foreign_uid, true},
    {"setfsuid32", "setuid", sets_foreign_uid, true},
    {"setgid", "setgid", sets_foreign_gid, true},
    {"setgid32", "setgid", sets_foreign_gid, true},
    {"setgroups", "setgid", nullptr, true},
    {"setgroups32", "setgid", nullptr, true},
    {"sethostname", "sys_admin", nullptr, true},
    {"setns", "sys_admin", nullptr, true},
    {"setpriority", "sys_nice", negative_priority, true},
    {"setregid", "setgid", sets_foreign_gid, true},
    {"setregid32", "setgid", sets_foreign_gid, true},
    {"setresgid", "setgid", sets_foreign_gid, true},
    {"setresgid32", "setgid", sets_foreign_gid, true},
    {"setresuid", "setuid", sets_foreign_uid, true},
    {"setresuid32", "setuid", sets_foreign_uid, true},
    {"setreuid", "setuid", sets_foreign_uid, true},
    {"setreuid32", "setuid", sets_foreign_uid, true},
    {"setsockopt", "net_admin", privileged_option, false},
    {"settimeofday", "sys_time", nullptr, true},
    {"setuid", "setuid", sets_foreign_uid, true},
    {"setuid32", "setuid", sets_foreign_uid, true},
    {"setxattr", "sys_admin", sets_trusted_xattr, true},
    {"setxattr", "setfcap", sets_file_capability, true},
    {"stime", "sys_time", nullptr, true},
    {"swapoff", "sys_admin", nullptr, true},
    {"swapon", "sys_admin", nullptr, true},
    {"syslog", "syslog", reads_kernel_log, true},
    {"timer_create", "wake_alarm", alarm_clock, true},
    {"timerfd_create", "wake_alarm", alarm_clock, true},
    {"umount", "sys_admin", nullptr, true},
    {"umount2", "sys_admin", nullptr, true},
    {"unshare", "sys_admin", clone_flags_privileged, false},
    {"vhangup", "sys_tty_config", nullptr, true},
};

bool in_group(const Credentials& held, std::uint32_t gid) {
  return held.gid[3] == gid || std::find(held.groups.begin(), held.groups.end(), gid) != held.groups.end();
}

/// inode_permission(): the mode bits that apply to these credentials, as rwx.
unsigned bits_for(const Credentials& held, const struct stat& status) {
  if (status.st_uid == held.uid[3]) return status.st_mode >> 6 & 7;
  if (in_group(held, status.st_gid)) return status.st_mode >> 3 & 7;
  return status.st_mode & 7;
}

/// Which capability overrode the mode bits: reading and searching take the weaker one (fs/namei.c generic_permission).
void check_bits(World& world, Tracee& tracee, const struct stat& status, unsigned wanted, std::string_view what) {
  const Credentials& held = world.credentials(tracee);
  if ((bits_for(held, status) & wanted) == wanted) return;
  const bool directory = S_ISDIR(status.st_mode);
  const bool read_only = directory ? (wanted & 2) == 0 : wanted == 4;
  const bool reader = read_only && held.has(CAP_DAC_READ_SEARCH);
  infer_one(world, tracee, reader ? "dac_read_search" : "dac_override", std::string(what) + " against its mode bits");
}

void check_parent(World& world, Tracee& tracee, const Walk& walk, bool changes, bool removes) {
  const std::size_t slash = walk.path.rfind('/');
  if (slash == std::string::npos || walk.path == "/") return;
  struct stat parent {};
  const std::string directory = slash == 0 ? "/" : walk.path.substr(0, slash);
  if (stat(reach(tracee.fs->view, directory).c_str(), &parent) != 0) return;
  check_bits(world, tracee, parent, changes ? 3 : 1, changes ? "changing a directory" : "searching a directory");
  const std::uint32_t fsuid = world.credentials(tracee).uid[3];
  const bool sticky = removes && (parent.st_mode & S_ISVTX) != 0 && parent.st_uid != fsuid;
  if (sticky && walk.error == 0 && walk.status.st_uid != fsuid)
    infer_one(world, tracee, "fowner", "removing another user's file from a sticky directory");
}

unsigned wanted_bits(FilePerms perms) {
  unsigned bits = 0;
  if (perms.has_any(FilePerm::kRead | FilePerm::kList)) bits |= 4;
  if (perms.has_any(FilePerm::kWrite | FilePerm::kAppend | FilePerm::kTruncate | FilePerm::kConnect)) bits |= 2;
  if (perms.has(FilePerm::kSearch) || perms.has(FilePerm::kChroot)) bits |= 1;
  return bits;
}

void check_owner(World& world, Tracee& tracee, const Operand& operand) {
  const Call& call = tracee.call;
  const struct stat& status = operand.walk.status;
  const Credentials& held = world.credentials(tracee);
  const bool owner = status.st_uid == held.uid[3];
  if (operand.access == Access::kChown) {
    const unsigned at = call.row->info->args[1] == ArgKind::kUid ? 1 : 2;
    const auto uid = static_cast<std::uint32_t>(call.args[at]);
    const auto gid = static_cast<std::uint32_t>(call.args[at + 1]);
    const bool gives_away = uid != kNoId && (!owner || uid != status.st_uid);
    const bool foreign_group = gid != kNoId && (!owner || (gid != status.st_gid && !in_group(held, gid)));
    if (gives_away || foreign_group) infer_one(world, tracee, "chown", "changing a file's owner or group");
  } else if (operand.access == Access::kSetattr && !owner) {
    infer_one(world, tracee, "fowner", "changing the attributes of another user's file");
  } else if (operand.access == Access::kOpen && (call.open_flags & O_NOATIME) != 0 && !owner) {
    infer_one(world, tracee, "fowner", "O_NOATIME on another user's file");
  }
}

std::uint16_t first_unprivileged_port() {
  static const std::uint16_t port = [] {
    const Result<std::string> text = read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", 64);
    return text ? parse_number<std::uint16_t>(trim(*text)).value_or(1024) : std::uint16_t{1024};
  }();
  return port;
}

}  // namespace

const CapabilityRow* capability_row(std::string_view call) {
  const auto* found =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const CapabilityRow& row) { return row.call == call; });
  return found == std::end(kRows) ? nullptr : found;
}

void call_capabilities(World& world, Tracee& tracee) {
  for (const CapabilityRow* row = tracee.call.row->capability;
       row != std::end(kRows) && row->call == tracee.call.row->name; ++row)
    if (row->applies == nullptr || row->applies(world, tracee))
      infer_one(world, tracee, row->capability, std::string(row->call) + "(2)");
}

void file_capabilities(World& world, Tracee& tracee, const Operand& operand, FilePerms perms, bool existed) {
  const Call& call = tracee.call;
  if (call.failed && call.result != -EACCES && call.result != -EPERM) return;
  const Credentials& held = world.credentials(tracee);
  if (!call.failed && held.effective == 0) return;
  const Walk& walk = operand.walk;
  const bool removes = perms.has_any(FilePerm::kUnlink | FilePerm::kRenameFrom | FilePerm::kRenameTo);
  const bool changes_parent = removes || perms.has_any(FilePerm::kCreate | FilePerm::kSymlink | FilePerm::kLinkTo);
  if (!walk.magic) check_parent(world, tracee, walk, changes_parent, removes);
  if (operand.access == Access::kMknod) {
    const mode_t type = static_cast<mode_t>(call.args[call.row->info->args[1] == ArgKind::kNodeType ? 1 : 2]) & S_IFMT;
    if (type == S_IFCHR || type == S_IFBLK) infer_one(world, tracee, "mknod", "making a device file");
  }
  if (operand.access == Access::kChroot) infer_one(world, tracee, "sys_chroot", "chroot(2)");
  if (!existed || walk.error != 0 || walk.magic) return;
  if (const unsigned bits = wanted_bits(perms); bits != 0 && !S_ISLNK(walk.status.st_mode))
    check_bits(world, tracee, walk.status, bits, (bits & 2) != 0 ? "writing a file" : "reading a file");
  check_owner(world, tracee, operand);
}

void bind_capability(World&, Tracee& tracee, int family, std::uint16_t port) {
  const bool inet = family == AF_INET || family == AF_INET6;
  if (!inet || port == 0 || port >= first_unprivileged_port()) return;
  CapabilityOp op;
  op.name = "net_bind_service";
  op.because = "bind(2) to port " + std::to_string(port);
  tracee.call.on_exit.emplace_back(std::move(op));
}

void socket_capability(World& world, Tracee& tracee, int domain, int type) {
  const bool raw_inet = (domain == AF_INET || domain == AF_INET6) && type == SOCK_RAW;
  if (raw_inet || domain == AF_PACKET) infer_one(world, tracee, "net_raw", "a raw or packet socket");
}

}  // namespace cordon::infer
