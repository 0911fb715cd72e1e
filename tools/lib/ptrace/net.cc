#include "ptrace/net.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"
#include "kernel/names.h"
#include "ptrace/files.h"
#include "ptrace/infer.h"
#include "ptrace/memory.h"
#include "ptrace/netlink.h"

namespace cordon::net {
namespace {

struct ActRow {
  Access access;
  SocketAct act;
  bool addressed;  ///< the row's next argument is a socket address
};
constexpr ActRow kActs[] = {
    {Access::kBind, SocketAct::kBind, true},         {Access::kConnect, SocketAct::kConnect, true},
    {Access::kListen, SocketAct::kListen, false},    {Access::kAccept, SocketAct::kAccept, false},
    {Access::kSend, SocketAct::kSend, false},        {Access::kReceive, SocketAct::kReceive, false},
    {Access::kGetopt, SocketAct::kGetopt, false},    {Access::kSetopt, SocketAct::kSetopt, false},
    {Access::kSockname, SocketAct::kGetattr, false}, {Access::kShutdown, SocketAct::kShutdown, false},
    {Access::kRead, SocketAct::kRead, false},        {Access::kWrite, SocketAct::kWrite, false},
};

const ActRow* act_row(Access access) {
  for (const ActRow& row : kActs)
    if (row.access == access) return &row;
  return nullptr;
}

/// A socket address as read from the task's memory.
struct Address {
  sockaddr_storage bytes{};
  std::size_t size = 0;
};

/// linux/socket.h: a unix address may be longer than its struct only by the kernel's own NUL.
Address read_address(pid_t task, std::uint64_t at, std::uint64_t size) {
  Address address;
  const std::size_t want = std::min<std::uint64_t>(size, sizeof address.bytes);
  if (at != 0 && want >= sizeof(sa_family_t)) address.size = read_memory(task, at, &address.bytes, want);
  return address;
}

/// struct msghdr begins with the name's address and length, in the caller's own word size.
Address read_message_address(pid_t task, Arch arch, std::uint64_t at) {
  const bool narrow = arch == Arch::kI386 || arch == Arch::kArm;
  if (narrow) {
    std::uint32_t words[2]{};
    return read_object(task, at, words) ? read_address(task, words[0], words[1]) : Address{};
  }
  std::uint64_t words[2]{};
  return read_object(task, at, words) ? read_address(task, words[0], words[1] & 0xffffffff) : Address{};
}

struct Decoded {
  std::string address;
  std::uint16_t port = 0;
  std::string path;  ///< a unix socket's pathname, as given
};

std::string unix_address(const Address& address, std::string& path) {
  const char* begin = reinterpret_cast<const sockaddr_un*>(&address.bytes)->sun_path;
  if (address.size <= sizeof(sa_family_t)) return {};
  const std::size_t size = address.size - sizeof(sa_family_t);
  if (begin[0] == '\0') return '@' + std::string(begin + 1, size - 1);
  path.assign(begin, strnlen(begin, size));
  return path;
}

Decoded decode(const Address& address) {
  Decoded result;
  char text[INET6_ADDRSTRLEN] = "";
  switch (address.bytes.ss_family) {
    case AF_UNIX: result.address = unix_address(address, result.path); break;
    case AF_INET: {
      const auto* in = reinterpret_cast<const sockaddr_in*>(&address.bytes);
      result.address = inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
      result.port = ntohs(in->sin_port);
      break;
    }
    case AF_INET6: {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(&address.bytes);
      result.address = inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
      result.port = ntohs(in->sin6_port);
      break;
    }
    case AF_NETLINK: {
      const auto* link = reinterpret_cast<const sockaddr_nl*>(&address.bytes);
      if (link->nl_groups != 0) result.address = std::to_string(link->nl_groups);
      break;
    }
    default: break;
  }
  return result;
}

/// A program may give any socket any address; the kernel takes those of its family, and both kinds of inet here and
/// there.
bool goes_with(int family, const Address& address) {
  const auto inet = [](int one) { return one == AF_INET || one == AF_INET6; };
  return address.size != 0 && (address.bytes.ss_family == family || (inet(family) && inet(address.bytes.ss_family)));
}

NetOp net_op(const Object& object, SocketAct act) {
  NetOp op;
  op.act = act;
  op.family = socket_family_name(object.family);
  op.type = socket_type_name(object.type);
  op.protocol = socket_protocol_name(object.family, object.protocol);
  return op;
}

UnixOp unix_op(const Object& object, SocketAct act) {
  UnixOp op;
  op.act = act;
  op.type = socket_type_name(object.type);
  return op;
}

/// The operation on this socket; the address is the socket's own for bind, the peer's otherwise.
Operation operation_of(const Object& object, SocketAct act, const Decoded& decoded) {
  const bool own = act == SocketAct::kBind;
  if (object.family == AF_UNIX) {
    UnixOp op = unix_op(object, act);
    (own ? op.address : op.peer_address) = decoded.address;
    return op;
  }
  NetOp op = net_op(object, act);
  (own ? op.address : op.peer_address) = decoded.address;
  (own ? op.port : op.peer_port) = decoded.port;
  return op;
}

std::uint64_t hash_of(const Address& address) {
  if (address.size == 0) return 0;
  return siphash128({reinterpret_cast<const char*>(&address.bytes), address.size}).low;
}

/// A unix socket's pathname is a path operand like any other.
void add_path(World& world, Tracee& tracee, SocketAct act, Operation& operation, const std::string& path) {
  Call& call = tracee.call;
  Operand operand;
  operand.access = act == SocketAct::kBind ? Access::kBind : Access::kConnect;
  operand.follow = act != SocketAct::kBind;
  operand.path = path;
  operand.valid = true;
  if (!path.starts_with('/')) operand.base = files::cwd_of(world, tracee);
  files::walk(world, tracee, operand);
  files::emit_links(world, tracee, operand.walk);
  auto& op = std::get<UnixOp>(operation);
  (act == SocketAct::kBind ? op.address : op.peer_address) = operand.walk.path;
  FileOp file = files::file_of(world, tracee, operand.walk);
  file.kind = FileKind::kSocket;
  file.perms = act == SocketAct::kBind ? FilePerm::kCreate : FilePerm::kConnect;
  if (act == SocketAct::kBind) file.owner = Owner::kSelf;
  call.on_exit.push_back(std::move(file));
}

/// `message`: the type of the netlink message that is sent, 0 if that is not what is done.
bool act_on(World& world, Tracee& tracee, const Object& object, ObjectId id, SocketAct act, const Address& address,
            std::uint16_t message) {
  Call& call = tracee.call;
  const ActionKey key{call.subject, what_of(Act::kNet, static_cast<std::uint32_t>(act)), id, hash_of(address), message};
  const Decoded decoded = goes_with(object.family, address) ? decode(address) : Decoded{};
  const bool fresh = world.wants_result(key);
  if (!fresh && decoded.path.empty()) return false;
  Operation operation = operation_of(object, act, decoded);
  if (!decoded.path.empty()) add_path(world, tracee, act, operation, decoded.path);
  if (auto* net = std::get_if<NetOp>(&operation)) net->message = message;
  if (act == SocketAct::kBind) infer::bind_capability(world, tracee, object.family, decoded.port);
  if (fresh) call.pending.push_back({key, std::move(operation)});
  return true;
}

int sockopt_of(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

ObjectId socket_object(World& world, int domain, int type, int protocol) {
  Object object;
  object.kind = ObjectKind::kSocket;
  object.file_kind = FileKind::kSocket;
  object.family = domain;
  object.type = type & 0xf;
  object.protocol = protocol;
  const bool inet = domain == AF_INET || domain == AF_INET6;
  if (inet && protocol == 0 && object.type == SOCK_STREAM) object.protocol = IPPROTO_TCP;
  if (inet && protocol == 0 && object.type == SOCK_DGRAM) object.protocol = IPPROTO_UDP;
  if (domain == AF_UNIX) object.protocol = 0;
  return world.object_of(object);
}

ObjectId object_of_socket(World& world, Tracee& tracee, int fd) {
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, tracee.process->tgid, 0)));
  if (!pidfd) return 0;
  const UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), fd, 0)));
  if (!copy) return 0;
  return socket_object(world, sockopt_of(copy.get(), SO_DOMAIN), sockopt_of(copy.get(), SO_TYPE),
                       sockopt_of(copy.get(), SO_PROTOCOL));
}

std::string class_of(const Object& object) {
  const std::string family = socket_family_name(object.family);
  const std::string type = socket_type_name(object.type);
  if (object.family == AF_UNIX) return "unix_" + type + "_socket";
  const std::string protocol = socket_protocol_name(object.family, object.protocol);
  if (object.family == AF_NETLINK) return "netlink_" + protocol + "_socket";
  if (object.family == AF_INET || object.family == AF_INET6) return (protocol.empty() ? "raw" : protocol) + "_socket";
  return family + "_socket";
}

bool touch(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args, const Use& use, int fd) {
  const ActRow* act = act_row(use.access);
  if (act == nullptr) return false;
  const FdEntry* entry = files::descriptor(world, tracee, fd);
  if (entry->standard || entry->object == 0) return false;
  const Object object = world.objects[entry->object];
  if (object.kind != ObjectKind::kSocket) return false;
  Address address;
  if (act->addressed) {
    address = read_address(tracee.tid, args[1], args[2] & 0xffffffff);
  } else if (use.access == Access::kSend) {
    const bool stream = object.type == SOCK_STREAM || object.type == SOCK_SEQPACKET;
    if (row.info->args[4] == ArgKind::kSockaddr && args[4] != 0) {
      address = read_address(tracee.tid, args[4], args[5] & 0xffffffff);
    } else if (row.info->args[1] == ArgKind::kMsghdr && !stream) {
      address = read_message_address(tracee.tid, tracee.call.arch, args[1]);
    }
  }
  const bool sends = act->act == SocketAct::kSend || act->act == SocketAct::kWrite;
  std::vector<std::uint16_t> messages;
  if (sends && netlink::tells_messages(object)) messages = netlink::message_types(world, tracee, row, args);
  if (messages.empty()) messages = {0};
  bool wanted = false;
  for (const std::uint16_t message : messages)
    wanted |= act_on(world, tracee, object, entry->object, act->act, address, message);
  return wanted;
}

void made(World& world, Tracee& tracee, int domain, int type, int protocol) {
  const ObjectId id = socket_object(world, domain, type, protocol);
  const Object object = world.objects[id];
  const ActionKey key{tracee.call.subject, what_of(Act::kNet, static_cast<std::uint32_t>(SocketAct::kCreate)), id, 0,
                      0};
  world.settle(tracee, key, [&] { return operation_of(object, SocketAct::kCreate, {}); });
  infer::socket_capability(world, tracee, domain, type & 0xf);
}

}  // namespace cordon::net
