#include "ptrace/netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "ptrace/memory.h"

namespace cordon::netlink {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 18;  ///< of one call; what comes behind is told as lost
constexpr std::uint64_t kMaxParts = 1024;                ///< linux/uio.h UIO_MAXIOV, of buffers and of messages

/// How the call hands its bytes over.
enum class Shape : std::uint8_t { kBuffer, kParts, kMessage, kMessages };
struct ShapeRow {
  std::string_view name;
  Shape shape;
};
constexpr auto kShapes = std::to_array<ShapeRow>({
    {"write", Shape::kBuffer},
    {"send", Shape::kBuffer},
    {"sendto", Shape::kBuffer},
    {"writev", Shape::kParts},
    {"sendmsg", Shape::kMessage},
    {"sendmmsg", Shape::kMessages},
});

/// x32 has the structures of the 32-bit ABI here (arch/x86/entry/syscalls/syscall_64.tbl: compat_sys_sendmsg).
bool is_narrow(Arch arch) { return arch == Arch::kI386 || arch == Arch::kX32 || arch == Arch::kArm; }

/// Reads what is sent, in the caller's own word size.
class Gatherer {
 public:
  explicit Gatherer(const Tracee& tracee) : task_(tracee.tid), word_(is_narrow(tracee.call.arch) ? 4 : 8) {}

  void buffer(std::uint64_t at, std::uint64_t size) {
    const std::size_t room = kMaxBytes - bytes_.size();
    const std::size_t want = std::min<std::uint64_t>(size, room);
    cut_ = cut_ || want < size;
    const std::size_t before = bytes_.size();
    bytes_.resize(before + want);
    const std::size_t got = want == 0 ? 0 : read_memory(task_, at, bytes_.data() + before, want);
    cut_ = cut_ || got < want;
    bytes_.resize(before + got);
  }

  /// struct iovec: address and length.
  void parts(std::uint64_t at, std::uint64_t count) {
    for (std::uint64_t i = 0; i < std::min(count, kMaxParts) && !cut_; ++i) {
      const std::uint64_t part = at + i * 2 * word_;
      buffer(word(part), word(part + word_));
    }
  }

  /// struct msghdr: name, its length, the parts, their number; the length is an int, padded to a word.
  void message(std::uint64_t at) { parts(word(at + 2 * word_), word(at + 3 * word_)); }

  /// struct mmsghdr: a msghdr of seven words and an int, padded to a word.
  void messages(std::uint64_t at, std::uint64_t count) {
    for (std::uint64_t i = 0; i < std::min(count, kMaxParts) && !cut_; ++i) message(at + i * 8 * word_);
  }

  const std::vector<char>& bytes() const { return bytes_; }
  bool cut() const { return cut_; }

 private:
  std::uint64_t word(std::uint64_t at) {
    std::uint64_t value = 0;  // the ABIs that are traced are little-endian
    cut_ = cut_ || read_memory(task_, at, &value, word_) != word_;
    return value;
  }

  pid_t task_;
  std::size_t word_;
  std::vector<char> bytes_;
  bool cut_ = false;
};

void gather(Gatherer& gatherer, Shape shape, const std::uint64_t* args) {
  switch (shape) {
    case Shape::kBuffer: return gatherer.buffer(args[1], args[2]);
    case Shape::kParts: return gatherer.parts(args[1], args[2]);
    case Shape::kMessage: return gatherer.message(args[1]);
    case Shape::kMessages: return gatherer.messages(args[1], args[2] & 0xffffffff);
  }
}

/// The kernel walks a send in the same way (hooks.c selinux_netlink_send) and stops at a length that cannot be.
std::vector<std::uint16_t> types_of(const std::vector<char>& bytes) {
  std::vector<std::uint16_t> out;
  std::size_t at = 0;
  while (at + sizeof(nlmsghdr) <= bytes.size()) {
    nlmsghdr head;
    std::memcpy(&head, bytes.data() + at, sizeof head);
    if (head.nlmsg_len < sizeof head) break;
    out.push_back(head.nlmsg_type);
    at += (std::size_t{head.nlmsg_len} + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

bool tells_messages(const Object& object) {
  constexpr std::array kProtocols = {NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_XFRM, NETLINK_AUDIT};
  return object.family == AF_NETLINK &&
         std::find(kProtocols.begin(), kProtocols.end(), object.protocol) != kProtocols.end();
}

std::vector<std::uint16_t> message_types(World& world, const Tracee& tracee, const CallRow& row,
                                         const std::uint64_t* args) {
  const auto* found =
      std::find_if(kShapes.begin(), kShapes.end(), [&](const ShapeRow& one) { return one.name == row.name; });
  if (found == kShapes.end()) return {};
  Gatherer gatherer(tracee);
  gather(gatherer, found->shape, args);
  if (gatherer.cut())
    world.note("a netlink send could not be read to its end: the types of some messages are not recorded");
  return types_of(gatherer.bytes());
}

}  // namespace cordon::netlink
