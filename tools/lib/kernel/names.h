#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The kernel's numbers by the words that facts, profiles and people use for them. A number without a name becomes
/// its decimal digits (hex for flags), so that nothing is lost; names parse back to their numbers.
namespace cordon {

/// A number and its name; vocabularies are arrays of these.
struct NamedNumber {
  std::uint64_t number;
  std::string_view name;
};

/// errno(3): 2 → "ENOENT".
std::string errno_name(int number);
std::optional<int> errno_number(std::string_view name);

/// signal(7), lower case without SIG: 15 → "term"; 0 → "exists"; real-time ones count from 32: 34 → "rtmin+2"
/// (as AppArmor counts them; glibc's own SIGRTMIN is 34).
std::string signal_name(int number);
std::optional<int> signal_number(std::string_view name);

/// linux/capability.h, lower case without CAP_: 10 → "net_bind_service".
std::string capability_name(unsigned number);
std::optional<unsigned> capability_number(std::string_view name);
const std::vector<std::string_view>& all_capabilities();  ///< by number

/// linux/socket.h AF_*: 10 → "inet6".
std::string socket_family_name(int family);
std::optional<int> socket_family_number(std::string_view name);
/// SOCK_*, flags already masked off: 1 → "stream".
std::string socket_type_name(int type);
std::optional<int> socket_type_number(std::string_view name);
/// The protocol within its family: (AF_INET, 6) → "tcp", (AF_NETLINK, 0) → "route"; "" for 0 where it means "default".
std::string socket_protocol_name(int family, int protocol);
std::optional<int> socket_protocol_number(int family, std::string_view name);

/// asm-generic/resource.h: 7 → "nofile".
std::string rlimit_name(unsigned resource);
std::optional<unsigned> rlimit_number(std::string_view name);

/// The namespaces that CLONE_NEW* bits name, sorted: "cgroup", "ipc", "mount", "net", "pid", "time", "user", "uts".
std::vector<std::string> namespace_kinds(std::uint64_t clone_flags);
inline constexpr std::uint64_t kCloneNamespaceMask = 0x7e020000;  ///< clone(2): CLONE_NEWTIME is the signal's bit there

/// mount(2)'s flags as mount(8)'s words, sorted; bits without a word as hex.
std::vector<std::string> mount_flag_words(std::uint64_t flags);
std::optional<std::uint64_t> mount_flag_number(std::string_view word);

/// open(2)'s flags as "O_RDWR|O_CREAT".
std::string open_flags_text(std::uint64_t flags);

/// The word of a number in a vocabulary, or its decimal digits.
std::string name_in(const NamedNumber* begin, const NamedNumber* end, std::uint64_t number);

}  // namespace cordon
