// io_uring: what a program puts into its submission queues. The operations themselves are no system calls, and no
// tracer and no filter sees them; the queue's entries can be read while the program is stopped at io_uring_enter.
#include <array>
#include <cstdlib>

#include "base/fd.h"
#include "base/text.h"
#include "ptrace/decode.h"
#include "ptrace/memory.h"

namespace cordon::decode {
namespace {

// linux/io_uring.h
constexpr std::uint32_t kSqPoll = 1u << 1;
constexpr std::uint32_t kLargeEntries = 1u << 10;
constexpr std::uint32_t kNoArray = 1u << 16;
constexpr std::uint64_t kEntriesOffset = 0x10000000;
constexpr std::uint64_t kEntrySize = 64;
constexpr std::uint32_t kMostEntries = 32768;  // IORING_MAX_ENTRIES
constexpr std::uint32_t kMostLooks = 4096;     // queues of a ring that are read: its opcodes are known by then

// enum io_uring_op, by number; newer ones are named by their numbers.
constexpr std::string_view kOperations[] = {"NOP",
                                            "READV",
                                            "WRITEV",
                                            "FSYNC",
                                            "READ_FIXED",
                                            "WRITE_FIXED",
                                            "POLL_ADD",
                                            "POLL_REMOVE",
                                            "SYNC_FILE_RANGE",
                                            "SENDMSG",
                                            "RECVMSG",
                                            "TIMEOUT",
                                            "TIMEOUT_REMOVE",
                                            "ACCEPT",
                                            "ASYNC_CANCEL",
                                            "LINK_TIMEOUT",
                                            "CONNECT",
                                            "FALLOCATE",
                                            "OPENAT",
                                            "CLOSE",
                                            "FILES_UPDATE",
                                            "STATX",
                                            "READ",
                                            "WRITE",
                                            "FADVISE",
                                            "MADVISE",
                                            "SEND",
                                            "RECV",
                                            "OPENAT2",
                                            "EPOLL_CTL",
                                            "SPLICE",
                                            "PROVIDE_BUFFERS",
                                            "REMOVE_BUFFERS",
                                            "TEE",
                                            "SHUTDOWN",
                                            "RENAMEAT",
                                            "UNLINKAT",
                                            "MKDIRAT",
                                            "SYMLINKAT",
                                            "LINKAT",
                                            "MSG_RING",
                                            "FSETXATTR",
                                            "SETXATTR",
                                            "FGETXATTR",
                                            "GETXATTR",
                                            "SOCKET",
                                            "URING_CMD",
                                            "SEND_ZC",
                                            "SENDMSG_ZC",
                                            "READ_MULTISHOT",
                                            "WAITID",
                                            "FUTEX_WAIT",
                                            "FUTEX_WAKE",
                                            "FUTEX_WAITV",
                                            "FIXED_FD_INSTALL",
                                            "FTRUNCATE",
                                            "BIND",
                                            "LISTEN"};

std::string operation_name(std::uint8_t opcode) {
  return opcode < std::size(kOperations) ? std::string(kOperations[opcode]) : "number " + std::to_string(opcode);
}

/// struct io_uring_params as io_uring_setup(2) gives it back, up to what tells where the submission queue is.
struct Params {
  std::uint32_t sq_entries, cq_entries, flags, sq_cpu, sq_idle, features, wq_fd, reserved[3];
  std::uint32_t head, tail, ring_mask, ring_entries, sq_flags, dropped, array;
};

bool is_claimed(const World& world, pid_t process, std::uint64_t address) {
  for (const auto& [key, ring] : world.rings)
    if (key.first == process && ring.queue == address) return true;
  return false;
}

/// The kernel gives all rings' mappings one name: those are this ring's that appeared since the others were found.
bool find_mappings(World& world, const Tracee& tracee, Ring& ring) {
  const Result<std::string> maps = read_file(proc_path(tracee.tid, "maps"), std::size_t{1} << 24);
  if (!maps) return false;
  std::uint64_t queue = 0;
  for (const std::string_view line : split(*maps, '\n')) {
    if (!line.ends_with("anon_inode:[io_uring]")) continue;
    const std::string text(line);
    char* rest = nullptr;
    const std::uint64_t begin = std::strtoull(text.c_str(), &rest, 16);
    const std::size_t space = text.find(' ', static_cast<std::size_t>(rest - text.c_str()) + 1);
    if (space == std::string::npos || text.size() < space + 6) continue;
    const std::uint64_t offset = std::strtoull(text.c_str() + space + 6, nullptr, 16);  // behind "rw-s "
    if (offset == 0 && !is_claimed(world, tracee.process->tgid, begin)) queue = begin;
    if (offset == kEntriesOffset) ring.entries = begin;
  }
  ring.queue = queue;
  return queue != 0 && ring.entries != 0;
}

std::uint32_t word_at(const Tracee& tracee, std::uint64_t address) {
  std::uint32_t word = 0;
  read_object(tracee.tid, address, word);
  return word;
}

void read_queue(World& world, const Tracee& tracee, Ring& ring, std::uint32_t count) {
  const std::uint32_t head = word_at(tracee, ring.queue + ring.head);
  const std::uint64_t stride = (ring.flags & kLargeEntries) != 0 ? 2 * kEntrySize : kEntrySize;
  for (std::uint32_t i = 0; i < std::min(count, ring.size); ++i) {
    std::uint32_t slot = (head + i) & (ring.size - 1);
    if ((ring.flags & kNoArray) == 0)
      slot = word_at(tracee, ring.queue + ring.array + slot * sizeof slot) & (ring.size - 1);
    std::uint8_t opcode = 0;
    if (!read_object(tracee.tid, ring.entries + slot * stride, opcode) || ring.seen[opcode]) continue;
    ring.seen[opcode] = true;
    world.note("io_uring operation seen in a submission queue of " + world.texts.text(tracee.process->exe) + ": " +
               operation_name(opcode));
  }
}

}  // namespace

bool io_uring_entry(World&, Tracee& tracee) {
  std::uint32_t head[3]{};  // sq_entries, cq_entries, flags
  read_object(tracee.tid, tracee.call.args[1], head);
  IpcOp op;
  op.kind = IpcKind::kIoUring;
  op.perms = {"create"};
  if ((head[2] & kSqPoll) != 0) op.perms.emplace_back("sqpoll");
  at_exit(tracee, std::move(op));
  return true;
}

void io_uring_exit(World& world, Tracee& tracee) {
  if (tracee.call.failed) return;
  Params params{};
  if (!read_object(tracee.tid, tracee.call.args[1], params)) return;
  Ring& ring = world.rings[{tracee.process->tgid, static_cast<int>(tracee.call.result)}];
  ring = {};
  if (params.sq_entries == 0 || params.sq_entries > kMostEntries) return;
  ring.size = params.sq_entries;
  ring.flags = params.flags;
  ring.head = params.head;
  ring.array = params.array;
}

/// A look at what is about to be submitted; gives no facts, and needs no result.
bool io_uring_enter_entry(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  const auto found = world.rings.find({tracee.process->tgid, static_cast<int>(call.args[0])});
  if (found == world.rings.end()) return false;
  Ring& ring = found->second;
  if (ring.size == 0 || ring.looks == kMostLooks) return false;
  ++ring.looks;
  if (ring.queue != 0 || find_mappings(world, tracee, ring))
    read_queue(world, tracee, ring, static_cast<std::uint32_t>(call.args[1]));
  return false;
}

}  // namespace cordon::decode
