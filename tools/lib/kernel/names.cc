#include "kernel/names.h"

#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace cordon {
namespace {

constexpr int kHighestErrno = 4095;  // linux/err.h MAX_ERRNO

// linux/capability.h, in the order of their numbers (CAP_CHECKPOINT_RESTORE, 5.9, is the last).
constexpr std::string_view kCapabilities[] = {
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
};
static_assert(std::size(kCapabilities) == CAP_LAST_CAP + 1 || CAP_LAST_CAP > 40);

// signal(7); x86 and ARM share these numbers. 16 has no sender today but a name.
constexpr NamedNumber kSignals[] = {
    {0, "exists"},     {SIGHUP, "hup"},       {SIGINT, "int"},   {SIGQUIT, "quit"},   {SIGILL, "ill"},
    {SIGTRAP, "trap"}, {SIGABRT, "abrt"},     {SIGBUS, "bus"},   {SIGFPE, "fpe"},     {SIGKILL, "kill"},
    {SIGUSR1, "usr1"}, {SIGSEGV, "segv"},     {SIGUSR2, "usr2"}, {SIGPIPE, "pipe"},   {SIGALRM, "alrm"},
    {SIGTERM, "term"}, {16, "stkflt"},        {SIGCHLD, "chld"}, {SIGCONT, "cont"},   {SIGSTOP, "stop"},
    {SIGTSTP, "tstp"}, {SIGTTIN, "ttin"},     {SIGTTOU, "ttou"}, {SIGURG, "urg"},     {SIGXCPU, "xcpu"},
    {SIGXFSZ, "xfsz"}, {SIGVTALRM, "vtalrm"}, {SIGPROF, "prof"}, {SIGWINCH, "winch"}, {SIGIO, "io"},
    {SIGPWR, "pwr"},   {SIGSYS, "sys"},
};
constexpr int kFirstRealTime = 32;  // the kernel's SIGRTMIN; AppArmor's rtmin+N counts from it
constexpr int kLastSignal = 64;

// linux/socket.h AF_*
constexpr NamedNumber kFamilies[] = {
    {0, "unspec"},      {1, "unix"},       {2, "inet"},      {3, "ax25"},   {4, "ipx"},      {5, "appletalk"},
    {6, "netrom"},      {7, "bridge"},     {8, "atmpvc"},    {9, "x25"},    {10, "inet6"},   {11, "rose"},
    {12, "decnet"},     {13, "netbeui"},   {14, "security"}, {15, "key"},   {16, "netlink"}, {17, "packet"},
    {18, "ash"},        {19, "econet"},    {20, "atmsvc"},   {21, "rds"},   {22, "sna"},     {23, "irda"},
    {24, "pppox"},      {25, "wanpipe"},   {26, "llc"},      {27, "ib"},    {28, "mpls"},    {29, "can"},
    {30, "tipc"},       {31, "bluetooth"}, {32, "iucv"},     {33, "rxrpc"}, {34, "isdn"},    {35, "phonet"},
    {36, "ieee802154"}, {37, "caif"},      {38, "alg"},      {39, "nfc"},   {40, "vsock"},   {41, "kcm"},
    {42, "qipcrtr"},    {43, "smc"},       {44, "xdp"},      {45, "mctp"},
};
constexpr NamedNumber kTypes[] = {
    {1, "stream"}, {2, "dgram"}, {3, "raw"}, {4, "rdm"}, {5, "seqpacket"}, {6, "dccp"}, {10, "packet"},
};
// linux/in.h IPPROTO_*
constexpr NamedNumber kInetProtocols[] = {
    {1, "icmp"},   {2, "igmp"},       {4, "ipip"},   {6, "tcp"},     {8, "egp"},     {12, "pup"},
    {17, "udp"},   {22, "idp"},       {29, "tp"},    {33, "dccp"},   {41, "ipv6"},   {46, "rsvp"},
    {47, "gre"},   {50, "esp"},       {51, "ah"},    {58, "icmpv6"}, {92, "mtp"},    {94, "beetph"},
    {98, "encap"}, {103, "pim"},      {108, "comp"}, {115, "l2tp"},  {132, "sctp"},  {136, "udplite"},
    {137, "mpls"}, {143, "ethernet"}, {255, "raw"},  {256, "smc"},   {262, "mptcp"},
};
// linux/netlink.h NETLINK_*
constexpr NamedNumber kNetlinkProtocols[] = {
    {0, "route"},           {1, "unused"},     {2, "usersock"},       {3, "firewall"},  {4, "sock_diag"},
    {5, "nflog"},           {6, "xfrm"},       {7, "selinux"},        {8, "iscsi"},     {9, "audit"},
    {10, "fib_lookup"},     {11, "connector"}, {12, "netfilter"},     {13, "ip6_fw"},   {14, "dnrtmsg"},
    {15, "kobject_uevent"}, {16, "generic"},   {18, "scsitransport"}, {19, "ecryptfs"}, {20, "rdma"},
    {21, "crypto"},         {22, "smc"},
};
// asm-generic/resource.h RLIMIT_*
constexpr NamedNumber kRlimits[] = {
    {0, "cpu"},       {1, "fsize"},  {2, "data"},    {3, "stack"},   {4, "core"},   {5, "rss"},
    {6, "nproc"},     {7, "nofile"}, {8, "memlock"}, {9, "as"},      {10, "locks"}, {11, "sigpending"},
    {12, "msgqueue"}, {13, "nice"},  {14, "rtprio"}, {15, "rttime"},
};
constexpr NamedNumber kNamespaces[] = {
    {0x02000000, "cgroup"}, {0x08000000, "ipc"},  {0x00020000, "mount"}, {0x40000000, "net"},
    {0x20000000, "pid"},    {0x00000080, "time"}, {0x10000000, "user"},  {0x04000000, "uts"},
};
// linux/mount.h MS_*, in mount(8)'s words; "rec" becomes the r in front of bind and the propagation words.
constexpr NamedNumber kMountFlags[] = {
    {1, "ro"},
    {2, "nosuid"},
    {4, "nodev"},
    {8, "noexec"},
    {16, "sync"},
    {32, "remount"},
    {64, "mand"},
    {128, "dirsync"},
    {256, "nosymfollow"},
    {1024, "noatime"},
    {2048, "nodiratime"},
    {4096, "bind"},
    {8192, "move"},
    {32768, "silent"},
    {1 << 16, "acl"},
    {1 << 17, "unbindable"},
    {1 << 18, "private"},
    {1 << 19, "slave"},
    {1 << 20, "shared"},
    {1 << 21, "relatime"},
    {1 << 23, "iversion"},
    {1 << 24, "strictatime"},
    {1 << 25, "lazytime"},
};
constexpr std::uint64_t kMountRec = 16384;
constexpr std::uint64_t kTakesRec = 4096 | 1 << 17 | 1 << 18 | 1 << 19 | 1 << 20;
constexpr std::uint64_t kMountMagic = 0xc0ed0000;  // linux/mount.h MS_MGC_VAL: old callers set it, the kernel drops it

// asm-generic/fcntl.h; O_TMPFILE and O_SYNC hold other flags' bits and come first.
constexpr NamedNumber kOpenFlags[] = {
    {020000000 | 0200000, "O_TMPFILE"},
    {04010000, "O_SYNC"},
    {0100, "O_CREAT"},
    {0200, "O_EXCL"},
    {0400, "O_NOCTTY"},
    {01000, "O_TRUNC"},
    {02000, "O_APPEND"},
    {04000, "O_NONBLOCK"},
    {010000, "O_DSYNC"},
    {020000, "O_ASYNC"},
    {040000, "O_DIRECT"},
    {0100000, "O_LARGEFILE"},
    {0200000, "O_DIRECTORY"},
    {0400000, "O_NOFOLLOW"},
    {01000000, "O_NOATIME"},
    {02000000, "O_CLOEXEC"},
    {010000000, "O_PATH"},
};

template <std::size_t N>
std::string word(const NamedNumber (&vocabulary)[N], std::uint64_t number) {
  return name_in(vocabulary, vocabulary + N, number);
}

template <std::size_t N>
std::optional<std::uint64_t> number_of(const NamedNumber (&vocabulary)[N], std::string_view name) {
  for (const NamedNumber& row : vocabulary)
    if (row.name == name) return row.number;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (name.empty() || error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return value;
}

template <class T>
std::optional<T> narrowed(std::optional<std::uint64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<T>(*value);
}

std::string hex(std::uint64_t value) {
  char digits[20] = "0x";
  return {digits, std::to_chars(digits + 2, digits + sizeof digits, value, 16).ptr};
}

}  // namespace

std::string name_in(const NamedNumber* begin, const NamedNumber* end, std::uint64_t number) {
  const auto* found = std::find_if(begin, end, [&](const NamedNumber& row) { return row.number == number; });
  return found == end ? std::to_string(number) : std::string(found->name);
}

std::string errno_name(int number) {
  const char* name = number > 0 && number <= kHighestErrno ? strerrorname_np(number) : nullptr;
  return name == nullptr ? std::to_string(number) : name;
}

std::optional<int> errno_number(std::string_view name) {
  for (int number = 1; number < 256; ++number) {
    const char* known = strerrorname_np(number);
    if (known != nullptr && name == known) return number;
  }
  int value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (name.empty() || error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return value;
}

std::string signal_name(int number) {
  if (number >= kFirstRealTime && number <= kLastSignal) return "rtmin+" + std::to_string(number - kFirstRealTime);
  return word(kSignals, static_cast<std::uint64_t>(static_cast<unsigned>(number)));
}

std::optional<int> signal_number(std::string_view name) {
  if (!name.starts_with("rtmin+")) return narrowed<int>(number_of(kSignals, name));
  const auto offset = number_of(kSignals, name.substr(6));
  if (!offset || *offset > kLastSignal - kFirstRealTime) return std::nullopt;
  return kFirstRealTime + static_cast<int>(*offset);
}

std::string capability_name(unsigned number) {
  return number < std::size(kCapabilities) ? std::string(kCapabilities[number]) : std::to_string(number);
}

std::optional<unsigned> capability_number(std::string_view name) {
  for (unsigned i = 0; i < std::size(kCapabilities); ++i)
    if (kCapabilities[i] == name) return i;
  return std::nullopt;
}

const std::vector<std::string_view>& all_capabilities() {
  static const std::vector<std::string_view> all(std::begin(kCapabilities), std::end(kCapabilities));
  return all;
}

std::string socket_family_name(int family) { return word(kFamilies, static_cast<unsigned>(family)); }
std::optional<int> socket_family_number(std::string_view name) { return narrowed<int>(number_of(kFamilies, name)); }
std::string socket_type_name(int type) { return word(kTypes, static_cast<unsigned>(type)); }
std::optional<int> socket_type_number(std::string_view name) { return narrowed<int>(number_of(kTypes, name)); }

std::string socket_protocol_name(int family, int protocol) {
  const auto number = static_cast<unsigned>(protocol);
  if (family == AF_NETLINK) return word(kNetlinkProtocols, number);
  if (protocol == 0) return {};
  if (family == AF_INET || family == AF_INET6) return word(kInetProtocols, number);
  return std::to_string(number);
}

std::optional<int> socket_protocol_number(int family, std::string_view name) {
  if (family == AF_NETLINK) return narrowed<int>(number_of(kNetlinkProtocols, name));
  if (name.empty()) return 0;
  return narrowed<int>(number_of(kInetProtocols, name));
}

std::string rlimit_name(unsigned resource) { return word(kRlimits, resource); }
std::optional<unsigned> rlimit_number(std::string_view name) { return narrowed<unsigned>(number_of(kRlimits, name)); }

std::vector<std::string> namespace_kinds(std::uint64_t clone_flags) {
  std::vector<std::string> kinds;
  for (const NamedNumber& row : kNamespaces)
    if ((clone_flags & row.number) != 0) kinds.emplace_back(row.name);
  return kinds;
}

std::vector<std::string> mount_flag_words(std::uint64_t flags) {
  if ((flags & 0xffff0000) == kMountMagic) flags &= 0xffff;
  const bool recursive = (flags & kMountRec) != 0;
  std::uint64_t rest = flags & ~kMountRec;
  std::vector<std::string> words;
  for (const NamedNumber& row : kMountFlags) {
    if ((rest & row.number) == 0) continue;
    rest &= ~row.number;
    words.push_back((recursive && (row.number & kTakesRec) != 0 ? "r" : "") + std::string(row.name));
  }
  if (recursive && (flags & kTakesRec) == 0) words.emplace_back("rec");
  if (rest != 0) words.push_back(hex(rest));
  std::sort(words.begin(), words.end());
  return words;
}

std::optional<std::uint64_t> mount_flag_number(std::string_view word) {
  if (word == "rec") return kMountRec;
  for (const NamedNumber& row : kMountFlags) {
    if (row.name == word) return row.number;
    if ((row.number & kTakesRec) != 0 && word.starts_with('r') && row.name == word.substr(1))
      return row.number | kMountRec;
  }
  return std::nullopt;
}

std::string open_flags_text(std::uint64_t flags) {
  constexpr std::string_view kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  std::string text(kModes[flags & 3]);
  std::uint64_t rest = flags & ~std::uint64_t{3};
  for (const NamedNumber& row : kOpenFlags) {
    if ((rest & row.number) != row.number) continue;
    rest &= ~row.number;
    text += '|';
    text += row.name;
  }
  if (rest != 0) text += '|' + hex(rest);
  return text;
}

}  // namespace cordon
