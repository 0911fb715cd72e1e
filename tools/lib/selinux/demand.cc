#include "selinux/demand.h"

#include <algorithm>

#include "facts/names.h"
#include "selinux/tables.h"

namespace cordon::selinux {
namespace {

// Ports that bind(2) takes without name_bind: ip_local_port_range's default (ip-sysctl.rst); 0 lets the kernel choose.
constexpr std::uint16_t kFirstLocalPort = 32768;
constexpr std::uint16_t kLastLocalPort = 60999;

class Gatherer {
 public:
  Gatherer(const HasClass& has_class, bool messages_by_type)
      : has_class_(has_class), messages_by_type_(messages_by_type) {}
  Demands take() { return std::move(out_); }

  void operator()(const FileOp& op);
  void operator()(const ExecOp& op);
  void operator()(const NetOp& op);
  void operator()(const UnixOp& op);
  void operator()(const CapabilityOp& op);
  void operator()(const SignalOp& op);
  void operator()(const PtraceOp& op);
  void operator()(const MountOp& op);
  void operator()(const IoctlOp& op);
  void operator()(const IpcOp& op);
  void operator()(const RlimitOp& op);
  void operator()(const NamespaceOp& op);
  void operator()(const DomainOp& op);
  void operator()(const AvOp& op);
  void operator()(const SyscallOp& op);

 private:
  void add(Target target, const std::string& klass, std::vector<std::string> perms) {
    if (!perms.empty()) out_.all.push_back({std::move(target), klass, std::move(perms), {}, false});
  }
  void self(const std::string& klass, std::vector<std::string> perms) { add({}, klass, std::move(perms)); }
  void walk(const std::string& path);
  void file_perm(const FileOp& op, const FileRow& row);
  const SocketRow& socket_row(const std::string& family, const std::string& type, const std::string& protocol) const;
  void exec_map(const std::string& path, std::vector<std::string> perms);
  void memory(const SyscallOp& op);
  void message(const NetOp& op, const SocketRow& row);

  const HasClass& has_class_;
  bool messages_by_type_;
  Demands out_;
};

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == path.npos ? "/" : path.substr(0, slash);
}

bool is_path(const std::string& text) { return !text.empty() && text.front() == '/'; }

Target path_target(const std::string& path, FileKind kind = FileKind::kUnknown, bool inherited = false) {
  return {TargetKind::kPath, path, kind, 0, inherited};
}

void Gatherer::walk(const std::string& path) {
  for (const std::string& directory : directories_above(path))
    add(path_target(directory, FileKind::kDirectory), "dir", {"search"});
}

void Gatherer::file_perm(const FileOp& op, const FileRow& row) {
  FileKind kind = op.kind;
  if (row.klass == "dir") kind = FileKind::kDirectory;
  if (row.klass == "lnk_file") kind = FileKind::kSymlink;
  if (row.klass == "sock_file") kind = FileKind::kSocket;
  const std::string& klass = row.klass.empty() ? class_of(kind) : row.klass;
  const bool directory = kind == FileKind::kDirectory && !row.directory.empty();
  add(path_target(op.path, kind, op.inherited), klass,
      op.inherited ? row.inherited
      : directory  ? row.directory
                   : row.object);
  if (!row.parent.empty() && !op.inherited)
    add(path_target(parent_of(op.path), FileKind::kDirectory), "dir", row.parent);
}

void Gatherer::operator()(const FileOp& op) {
  if (op.kind == FileKind::kAnonInode) return self(has_class_("anon_inode") ? "anon_inode" : "file", {"read"});
  if (!is_path(op.path)) {
    if (op.kind == FileKind::kFifo || op.path.starts_with("pipe:")) return self("fifo_file", {"read", "write"});
    if (op.kind != FileKind::kMemfd) {
      out_.untold = "the object has no path";
      return;
    }
  }
  if (op.disconnected) out_.untold = "the path lies outside of the name space's root";
  if (!op.inherited && is_path(op.path)) walk(op.path);
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(FilePerm::kCount_); ++i) {
    const auto perm = static_cast<FilePerm>(i);
    if (!op.perms.has(perm)) continue;
    const auto row = access_tables().files.find(std::string(name_of(perm)));
    if (row != access_tables().files.end()) file_perm(op, row->second);
  }
  for (Demand& demand : out_.all)
    if (op.perms.has(FilePerm::kCreate) && demand.target.text == op.path) demand.creates = true;
}

void Gatherer::exec_map(const std::string& path, std::vector<std::string> perms) {
  if (!is_path(path)) return;
  walk(path);
  add(path_target(path, FileKind::kRegular), "file", std::move(perms));
}

void Gatherer::operator()(const ExecOp& op) {
  exec_map(op.path, {"execute", "execute_no_trans", "map", "open", "read"});
  exec_map(op.interpreter, {"execute", "map", "open", "read"});
  exec_map(op.loader, {"execute", "map", "open", "read"});
  if (op.setid) out_.untold = "whether the set-id file's own domain is entered";
}

bool fits(const std::string& wanted, const std::string& given) { return wanted.empty() || wanted == given; }

const SocketRow& Gatherer::socket_row(const std::string& family, const std::string& type,
                                      const std::string& protocol) const {
  const std::string& group = family == "inet6" ? "inet" : family == "local" ? "unix" : family;
  static const std::string kInet = "inet";
  for (const SocketRow& row : access_tables().sockets) {
    const std::string& wanted = group == "inet6" ? kInet : group;
    if (!fits(row.family, wanted) || !fits(row.type, type) || !fits(row.protocol, protocol)) continue;
    if (has_class_(row.klass)) return row;
  }
  return access_tables().sockets.back();
}

bool needs_name_bind(std::uint16_t port) { return port != 0 && (port < kFirstLocalPort || port > kLastLocalPort); }

std::string port_protocol(const std::string& klass) {
  for (std::string_view name : {"tcp", "udp", "dccp", "sctp"})
    if (klass == std::string(name) + "_socket") return std::string(name);
  return {};
}

/// A type that the kernel does not know is passed without a question, or refused whatever the policy allows.
std::vector<std::string> message_perms(const std::string& klass, std::uint16_t type) {
  for (const NetlinkRow& row : access_tables().netlink)
    if (row.klass == klass && std::any_of(row.types.begin(), row.types.end(), [&](const auto& types) {
          return types.first <= type && type <= types.second;
        }))
      return {row.perm};
  return {};
}

/// The classes whose messages have permissions are the same ones by type and by meaning
/// (security/selinux/nlmsgtab.c selinux_nlmsg_lookup).
void Gatherer::message(const NetOp& op, const SocketRow& row) {
  if (!messages_by_type_ || row.send.empty())
    return self(row.klass, op.message == 0 ? row.send : message_perms(row.klass, op.message));
  self(row.klass, {"nlmsg"});
  if (op.message != 0) out_.all.back().extended = op.message;
}

void Gatherer::operator()(const NetOp& op) {
  const SocketRow& row = socket_row(op.family, op.type, op.protocol);
  const auto act = access_tables().socket_acts.find(std::string(name_of(op.act)));
  if (act != access_tables().socket_acts.end()) self(row.klass, act->second);
  if (op.act == SocketAct::kSend || op.message != 0) message(op, row);
  const bool inet = op.family == "inet" || op.family == "inet6";
  const std::string protocol = port_protocol(row.klass);
  if (op.act == SocketAct::kBind && inet) {
    add({TargetKind::kNode, op.address, FileKind::kUnknown, 0, false}, row.klass, {"node_bind"});
    if (!protocol.empty() && needs_name_bind(op.port))
      add({TargetKind::kPort, protocol, FileKind::kUnknown, op.port, false}, row.klass, {"name_bind"});
  }
  const std::uint16_t port = op.peer_port != 0 ? op.peer_port : op.port;
  if (op.act == SocketAct::kConnect && inet && port != 0 && !protocol.empty() && protocol != "udp")
    add({TargetKind::kPort, protocol, FileKind::kUnknown, port, false}, row.klass, {"name_connect"});
}

void Gatherer::operator()(const UnixOp& op) {
  const SocketRow& row = socket_row("unix", op.type, "");
  const auto act = access_tables().socket_acts.find(std::string(name_of(op.act)));
  if (act != access_tables().socket_acts.end()) self(row.klass, act->second);
  const std::string& peer = op.peer_address.empty() ? op.address : op.peer_address;
  const bool reaches = op.act == SocketAct::kConnect || op.act == SocketAct::kSend;
  if (!reaches || peer.empty() || (op.act == SocketAct::kSend && row.klass != "unix_dgram_socket")) return;
  if (is_path(peer)) {
    walk(peer);
    add(path_target(peer, FileKind::kSocket), "sock_file", {"write"});
  }
  add({TargetKind::kSocketPeer, peer, FileKind::kSocket, 0, false}, row.klass,
      {row.klass == "unix_stream_socket" ? "connectto" : "sendto"});
}

void Gatherer::operator()(const CapabilityOp& op) {
  // Capabilities from 32 on live in the class capability2 (include/linux/capability.h, classmap.h).
  static constexpr std::string_view kSecond[] = {"mac_override", "mac_admin",     "syslog",
                                                 "wake_alarm",   "block_suspend", "audit_read",
                                                 "perfmon",      "bpf",           "checkpoint_restore"};
  const bool second = std::find(std::begin(kSecond), std::end(kSecond), op.name) != std::end(kSecond);
  self(second ? "capability2" : "capability", {op.name});
}

void Gatherer::operator()(const SignalOp& op) {
  if (op.direction == Direction::kReceive) return;
  const auto& signals = access_tables().signals;
  const auto found = signals.find(op.signal);
  const std::string& perm = found == signals.end() ? signals.at("") : found->second;
  if (op.same_program) return self("process", {perm});
  add({TargetKind::kPeer, op.peer, FileKind::kUnknown, 0, false}, "process", {perm});
}

void Gatherer::operator()(const PtraceOp& op) {
  if (op.act == PtraceAct::kTracedBy || op.act == PtraceAct::kReadBy) return;
  if (op.same_program) return self("process", {"ptrace"});
  add({TargetKind::kPeer, op.peer, FileKind::kUnknown, 0, false}, "process", {"ptrace"});
}

void Gatherer::operator()(const MountOp& op) {
  if (is_path(op.target)) {
    walk(op.target);
    if (op.act != MountAct::kUmount) add(path_target(op.target, FileKind::kDirectory), "dir", {"mounton"});
  }
  const Target filesystem{TargetKind::kFilesystem, op.fstype, FileKind::kUnknown, 0, false};
  switch (op.act) {
    case MountAct::kMount: return add(filesystem, "filesystem", {"mount"});
    case MountAct::kRemount: return add(filesystem, "filesystem", {"remount"});
    case MountAct::kUmount: return add(filesystem, "filesystem", {"unmount"});
    default: return;
  }
}

/// The permissions for a command, which a few have others for than "ioctl"; only that one has extended permissions.
std::vector<std::string> ioctl_perms(std::uint32_t command) {
  for (const IoctlRow& row : access_tables().ioctls)
    if (std::find(row.commands.begin(), row.commands.end(), command) != row.commands.end()) return row.perms;
  return {"ioctl"};
}

void Gatherer::operator()(const IoctlOp& op) {
  const auto perms = ioctl_perms(op.command);
  if (perms.empty()) return;
  if (is_path(op.path)) {
    const FileKind kind = op.kind;
    add(path_target(op.path, kind, true), class_of(kind), perms);
  } else if (op.klass == "pipe" || op.kind == FileKind::kFifo) {
    self("fifo_file", perms);
  } else if (op.klass.ends_with("socket") && has_class_(op.klass)) {
    self(op.klass, perms);
  } else {
    out_.untold = "what the ioctl was made on";
    return;
  }
  if (perms.front() == "ioctl") out_.all.back().extended = static_cast<std::uint16_t>(op.command & 0xffff);
}

void Gatherer::operator()(const IpcOp& op) {
  const auto found = access_tables().ipc.find(std::string(name_of(op.kind)));
  if (found == access_tables().ipc.end()) {
    if (op.kind == IpcKind::kKey) return self("key", {"link", "read", "search", "view", "write"});
    if (op.kind == IpcKind::kIoUring)
      return self(has_class_("anon_inode") ? "anon_inode" : "file", {"create", "map", "read", "write"});
    out_.untold = op.kind == IpcKind::kDbus ? "the domain of the D-Bus peer" : "the queue's label";
    return;
  }
  for (const std::string& word : op.perms) {
    const auto perms = found->second.perms.find(word);
    self(found->second.klass, perms == found->second.perms.end() ? found->second.perms.at("other") : perms->second);
  }
}

void Gatherer::operator()(const RlimitOp&) { self("process", {"setrlimit"}); }

void Gatherer::operator()(const NamespaceOp& op) {
  if (op.act == NamespaceAct::kCreate && op.kind == "user" && has_class_("user_namespace"))
    self("user_namespace", {"create"});
}

void Gatherer::operator()(const DomainOp& op) {
  static constexpr std::pair<std::string_view, std::string_view> kActs[] = {{"setcon", "setcurrent"},
                                                                            {"setexec", "setexec"},
                                                                            {"setfscreate", "setfscreate"},
                                                                            {"setkeycreate", "setkeycreate"},
                                                                            {"setsockcreate", "setsockcreate"}};
  for (const auto& [act, perm] : kActs)
    if (act == op.act) self("process", {std::string(perm)});
  // hooks.c: selinux_setprocattr changes the running process, and asks for the way from the one to the other.
  if (op.act == "setcon" && !op.target.empty())
    add({TargetKind::kContext, op.target, FileKind::kUnknown, 0, false}, "process", {"dyntransition"});
}

void Gatherer::operator()(const AvOp& op) {
  add({TargetKind::kContext, op.target, FileKind::kUnknown, 0, false}, op.klass, op.perms);
}

/// Where the recorder does not tell what is mapped, the protection has to do: writable and executable at once, or made
/// executable later, as what compiles at run time does.
bool may_need_execmem(const SyscallOp& op) {
  constexpr std::uint64_t kWriteExec = 2 | 4;  // PROT_WRITE | PROT_EXEC
  constexpr std::uint64_t kExec = 4;
  const bool maps = op.name == "mmap" || op.name == "mmap2";
  const bool changes = op.name == "mprotect" || op.name == "pkey_mprotect";
  return std::any_of(op.args.begin(), op.args.end(), [&](const ArgPredicate& arg) {
    if (arg.index != 2) return false;
    return (maps && (arg.value & kWriteExec) == kWriteExec) || (changes && (arg.value & kExec) != 0);
  });
}

void Gatherer::memory(const SyscallOp& op) {
  if (op.executable != Executable::kUntold)
    self("process", access_tables().executables.at(std::string(name_of(op.executable))));
  else if (may_need_execmem(op))
    self("process", {"execmem"});
}

void Gatherer::operator()(const SyscallOp& op) {
  const auto [begin, end] = access_tables().syscalls.equal_range(op.name);
  for (auto row = begin; row != end; ++row) {
    const SyscallRow& found = row->second;
    const bool met = !found.arg || std::any_of(op.args.begin(), op.args.end(), [&](const ArgPredicate& predicate) {
      return predicate.index == *found.arg && predicate.value == found.value;
    });
    if (!met || !has_class_(found.klass)) continue;
    Target target;
    if (found.target == "filesystem") target = {TargetKind::kFilesystem, "", FileKind::kUnknown, 0, false};
    if (found.target == "kernel") target.kind = TargetKind::kKernel;
    add(std::move(target), found.klass, found.perms);
  }
  memory(op);
}

}  // namespace

std::vector<std::string> directories_above(const std::string& path) {
  std::vector<std::string> out;
  if (path.empty() || path.front() != '/' || path == "/") return out;
  out.emplace_back("/");
  for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1))
    out.push_back(path.substr(0, slash));
  return out;
}

const std::string& class_of(FileKind kind) { return access_tables().kinds.at(std::string(name_of(kind))); }

Demands demands_of(const Operation& operation, const HasClass& has_class, bool messages_by_type) {
  Gatherer gatherer(has_class, messages_by_type);
  std::visit([&](const auto& op) { gatherer(op); }, operation);
  return gatherer.take();
}

bool is_governed(const Operation& operation) {
  const Demands demands = demands_of(operation, [](std::string_view) { return true; });
  return !demands.all.empty() || !demands.untold.empty();
}

}  // namespace cordon::selinux
