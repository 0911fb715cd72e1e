#include "apparmor/diff_words.h"

#include <array>
#include <vector>

#include "base/text.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

using namespace std::string_view_literals;

unsigned big_endian(const std::string& key, std::size_t at) {
  if (at + 1 >= key.size()) return 0;
  return static_cast<unsigned char>(key[at]) * 256U + static_cast<unsigned char>(key[at + 1]);
}

/// The parts between NULs after the labels of what they are: "bus=system path=/x". An empty part is left out.
std::string labelled(const std::string& key, std::span<const char* const> labels) {
  std::string out;
  std::size_t index = 0;
  for (const std::string_view part : split(key, '\0')) {
    if (index >= labels.size()) break;
    if (!part.empty()) out += (out.empty() ? "" : " ") + std::string(labels[index]) + std::string(part);
    ++index;
  }
  return out.empty() ? "any" : out;
}

std::string signal_words(const std::string& key) {
  constexpr unsigned kExists = 35, kFirstRealTime = 128;  // security/apparmor/include/sig_names.h
  const auto number = static_cast<unsigned char>(key[0]);
  const std::string name = number == kExists          ? "exists"
                           : number >= kFirstRealTime ? signal_name(static_cast<int>(number - kFirstRealTime) + 32)
                                                      : signal_name(number);
  return name + " peer=" + key.substr(1);
}

std::string peer_words(const std::string& key) { return "peer=" + key; }

std::string mount_words(const std::string& key) {
  constexpr auto kLabels = std::to_array<const char*>({"on ", "from ", "fstype="});
  std::string out = labelled(key, kLabels);
  std::size_t at = 0;
  for (int nul = 0; nul < 3 && at != std::string::npos; ++nul) at = key.find('\0', at == 0 ? 0 : at + 1);
  if (at == std::string::npos) return out;
  std::uint64_t flags = 0;
  for (const char c : key.substr(at + 1))
    if (c >= 1 && c <= 32) flags |= std::uint64_t{1} << (c - 1);
  const std::vector<std::string> words = mount_flag_words(flags);
  return out + (words.empty() ? "" : " options=" + join(words, ","));
}

std::string dbus_words(const std::string& key) {
  constexpr auto kLabels = std::to_array<const char*>({"bus=", "name=", "peer=", "path=", "interface=", "member="});
  return labelled(key, kLabels);
}

std::string mqueue_words(const std::string& key) { return key; }
std::string userns_words(const std::string&) { return "create"; }
std::string io_uring_words(const std::string& key) { return key.empty() ? "any" : key; }

/// An address: NUL for an abstract one, byte 1 for none, a path else.
std::string address_words(std::string_view address) {
  if (address.empty() || address[0] == '\x01') return {};
  return address[0] == '\0' ? "@" + std::string(address.substr(1)) : std::string(address);
}

/// type, protocol, local address NUL label NUL, then a byte for what is asked, and for a peer its address NUL label.
std::string unix_words(const std::string& key) {
  std::string out = socket_type_name(static_cast<int>(big_endian(key, 0)));
  if (key.size() <= 4) return out;
  const std::string_view rest = std::string_view(key).substr(4);
  const std::size_t end = rest.find('\0', 1);
  if (const std::string local = address_words(rest.substr(0, end)); !local.empty()) out += " addr=" + local;
  const std::size_t label_end = end == std::string_view::npos ? end : rest.find('\0', end + 1);
  if (label_end == std::string_view::npos || rest.substr(label_end + 1, 1) != "\x01") return out;
  const std::string_view peer = rest.substr(label_end + 2);
  const std::size_t peer_end = peer.find('\0', 1);
  if (const std::string address = address_words(peer.substr(0, peer_end)); !address.empty())
    out += " peer addr=" + address;
  if (peer_end != std::string_view::npos && peer_end + 1 < peer.size())
    out += " peer label=" + std::string(peer.substr(peer_end + 1));
  return out;
}

constexpr auto kSignalBits = std::to_array<BitWord>({{0x2, "send"}, {0x4, "receive"}});
constexpr auto kPtraceBits =
    std::to_array<BitWord>({{0x2, "trace"}, {0x4, "read"}, {0x8, "tracedby"}, {0x10, "readby"}});
constexpr auto kMountBits = std::to_array<BitWord>({{0x1, "pivot_root"}, {0x2, "mount"}, {0x4, "umount"}});
constexpr auto kDbusBits =
    std::to_array<BitWord>({{0x2, "send"}, {0x4, "receive"}, {0x20, "eavesdrop"}, {0x40, "bind"}});
constexpr auto kUnixBits = std::to_array<BitWord>({{0x2, "send"},
                                                   {0x4, "receive"},
                                                   {0x10, "create"},
                                                   {0x20, "shutdown"},
                                                   {0x40, "connect"},
                                                   {0x100, "setattr"},
                                                   {0x200, "getattr"},
                                                   {0x100000, "accept"},
                                                   {0x200000, "bind"},
                                                   {0x400000, "listen"},
                                                   {0x1000000, "setopt"},
                                                   {0x2000000, "getopt"}});

constexpr auto kAreas = std::to_array<Area>({
    {PolicyClass::kSignal, "signal", ""sv, 1, signal_words, kSignalBits},
    {PolicyClass::kPtrace, "ptrace", ""sv, 1, peer_words, kPtraceBits},
    {PolicyClass::kMount, "mount", ""sv, 1, mount_words, kMountBits},
    {PolicyClass::kDbus, "dbus", ""sv, 1, dbus_words, kDbusBits},
    {PolicyClass::kNetwork, "unix", "\0\x01"sv, 5, unix_words, kUnixBits},
    {PolicyClass::kPosixMqueue, "mqueue", ""sv, 1, mqueue_words, {}},
    {PolicyClass::kUserns, "userns", ""sv, 0, userns_words, {}},
    {PolicyClass::kIoUring, "io_uring", ""sv, 0, io_uring_words, {}},
});

}  // namespace

std::span<const Area> areas() { return kAreas; }

std::string bit_words(const Area& area, std::uint32_t bits) {
  if (bits == 0) return {};
  std::string out;
  for (const BitWord& row : area.bits)
    if ((bits & row.bit) != 0) out += (out.empty() ? "" : " ") + std::string(row.word);
  return out.empty() ? "allowed" : out;
}

std::string exec_words(const ExecAnswer& exec) {
  using Kind = ExecAnswer::Kind;
  switch (exec.kind) {
    case Kind::kNone: return "none";
    case Kind::kInherit: return "ix";
    case Kind::kUnconfined: return "ux";
    case Kind::kName: return exec.falls_back_to_inherit ? "Pix" : "Px";
    case Kind::kChild: return exec.falls_back_to_inherit ? "Cix" : "Cx";
    case Kind::kTable: return "-> " + exec.target;
  }
  return {};
}

}  // namespace cordon::apparmor
