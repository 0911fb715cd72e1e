#include "apparmor/socket_keys.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

#include "base/text.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

struct ActRow {
  SocketAct act;
  std::string_view word;
};
constexpr auto kActs = std::to_array<ActRow>({
    {SocketAct::kCreate, "create"},
    {SocketAct::kBind, "bind"},
    {SocketAct::kListen, "listen"},
    {SocketAct::kConnect, "connect"},
    {SocketAct::kAccept, "accept"},
    {SocketAct::kSend, "send"},
    {SocketAct::kReceive, "receive"},
    {SocketAct::kGetopt, "getopt"},
    {SocketAct::kSetopt, "setopt"},
    {SocketAct::kGetattr, "getattr"},
    {SocketAct::kSetattr, "setattr"},
    {SocketAct::kShutdown, "shutdown"},
    {SocketAct::kRead, "receive"},
    {SocketAct::kWrite, "send"},
});

enum class PortKind : char { kLocal = 0, kPrivileged = 1, kRemote = 2 };

/// The first port that binds without CAP_NET_BIND_SERVICE. Source: include/net/ip.h, ip_unprivileged_port_start.
constexpr unsigned kUnprivileged = 1024;

/// A length's code, then the address; without one the code alone.
std::string address_bytes(const std::string& text, bool six) {
  std::array<char, sizeof(in6_addr)> bytes{};
  const std::size_t size = six ? sizeof(in6_addr) : sizeof(in_addr);
  if (inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) != 1) bytes = {};
  return std::string(1, six ? '\2' : '\1') + std::string(bytes.data(), size);
}

/// Ends in the NUL before the label, which is not told to the automaton yet.
std::string end_bytes(PortKind kind, unsigned port, const std::string& address) {
  return static_cast<char>(kind) + big_endian16(port) + address + '\0';
}

std::string local_bytes(const NetOp& op, bool six) {
  const bool privileged = op.act == SocketAct::kBind && op.port != 0 && op.port < kUnprivileged;
  const PortKind kind = privileged ? PortKind::kPrivileged : PortKind::kLocal;
  return end_bytes(kind, op.port, address_bytes(op.address, six));
}

bool asks_for_peer(SocketAct act) {
  return act == SocketAct::kConnect || act == SocketAct::kSend || act == SocketAct::kReceive ||
         act == SocketAct::kRead || act == SocketAct::kWrite;
}

int protocol_of(const NetOp& op, int family, int type) {
  if (const auto number = socket_protocol_number(family, op.protocol); number && *number != 0) return *number;
  if (const auto number = parse_number<int>(op.protocol)) return *number;
  if (type == SOCK_STREAM) return IPPROTO_TCP;
  return type == SOCK_DGRAM ? IPPROTO_UDP : 0;
}

}  // namespace

std::string act_word(SocketAct act) {
  for (const ActRow& row : kActs)
    if (row.act == act) return std::string(row.word);
  return "create";
}

std::string big_endian16(unsigned value) {
  return {static_cast<char>((value >> 8) & 0xff), static_cast<char>(value & 0xff)};
}

std::vector<std::string> socket_keys(const NetOp& op, int family, int type) {
  std::vector<std::string> keys{big_endian16(static_cast<unsigned>(family)) +
                                big_endian16(static_cast<unsigned>(type))};
  if ((family != AF_INET && family != AF_INET6) || op.act == SocketAct::kCreate) return keys;
  keys.push_back(keys.back() + big_endian16(static_cast<unsigned>(protocol_of(op, family, type))));
  const bool six = family == AF_INET6;
  const std::string local = local_bytes(op, six);
  if (!asks_for_peer(op.act)) {
    keys.push_back(keys.back() + local);
    return keys;
  }
  const std::string peer = op.peer_address.empty() ? std::string(1, '\0') : address_bytes(op.peer_address, six);
  // After each end the label's place, empty, and its NUL; between the ends the command byte for addresses.
  keys.push_back(keys.back() + end_bytes(PortKind::kRemote, op.peer_port, peer));
  keys.push_back(keys.back() + std::string(1, '\0') + '\1' + local);
  return keys;
}

}  // namespace cordon::apparmor
