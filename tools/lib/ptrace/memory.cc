#include "ptrace/memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/fd.h"

namespace cordon {
namespace {

constexpr std::size_t kPage = 4096;        // the smallest page of any architecture: reads never cross one blindly
constexpr std::size_t kUsualString = 256;  // most paths are shorter

constexpr unsigned kOften = 12;        // reads after which opening has paid off
constexpr std::size_t kMemories = 16;  // open at once, at most

struct Memory {
  pid_t task = 0;
  unsigned reads = 0;
  UniqueFd fd;
};

thread_local std::uint64_t refused = 0;
thread_local bool keeps_memories = false;
thread_local std::array<Memory, kMemories> memories;

Memory& memory_of(pid_t task) { return memories[static_cast<std::size_t>(task) % kMemories]; }

/// The kernel's words for "no such memory" (EFAULT; EIO through /proc) and "no such task".
bool is_refusal(int error) { return error != EFAULT && error != EIO && error != ESRCH && error != ENOENT; }

std::size_t refuse(int error) {
  if (is_refusal(error)) ++refused;
  return 0;
}

UniqueFd open_mem(pid_t task, int flags) {
  const std::string path = "/proc/" + std::to_string(task) + "/mem";
  return UniqueFd(open(path.c_str(), flags | O_CLOEXEC));
}

std::size_t read_through_proc(pid_t task, std::uint64_t address, void* buffer, std::size_t size) {
  const UniqueFd mem = open_mem(task, O_RDONLY);
  if (!mem) return refuse(errno);
  const ssize_t count = pread(mem.get(), buffer, size, static_cast<off_t>(address));
  return count < 0 ? refuse(errno) : static_cast<std::size_t>(count);
}

/// From a memory that is kept open; nothing if there is none, or if it is that of a program which has ended.
std::optional<std::size_t> read_kept(pid_t task, std::uint64_t address, void* buffer, std::size_t size) {
  Memory& memory = memory_of(task);
  if (memory.task != task) memory = {task, 0, {}};
  if (!memory.fd && ++memory.reads == kOften) memory.fd = open_mem(task, O_RDONLY);
  if (!memory.fd) return std::nullopt;
  const ssize_t count = pread(memory.fd.get(), buffer, size, static_cast<off_t>(address));
  if (count > 0) return static_cast<std::size_t>(count);
  if (count < 0 && errno == EIO) return 0;  // no such address
  memory = {};
  return std::nullopt;
}

}  // namespace

void keep_memories_open() { keeps_memories = true; }

void forget_memory(pid_t task) {
  if (Memory& memory = memory_of(task); memory.task == task) memory = {};
}

std::uint64_t refused_reads() { return refused; }

std::size_t read_memory(pid_t task, std::uint64_t address, void* buffer, std::size_t size) {
  if (keeps_memories)
    if (const std::optional<std::size_t> kept = read_kept(task, address, buffer, size)) return *kept;
  iovec local{buffer, size};
  iovec remote{reinterpret_cast<void*>(address), size};
  const ssize_t count = process_vm_readv(task, &local, 1, &remote, 1, 0);
  if (count >= 0) return static_cast<std::size_t>(count);
  return errno == EFAULT ? 0 : read_through_proc(task, address, buffer, size);
}

bool read_string(pid_t task, std::uint64_t address, std::string& out, std::size_t limit) {
  out.clear();
  if (address == 0) return false;
  char chunk[kPage];
  while (out.size() < limit) {
    const std::uint64_t at = address + out.size();
    const std::size_t to_page_end = kPage - at % kPage;
    const std::size_t want = std::min({out.empty() ? kUsualString : kPage, to_page_end, limit - out.size()});
    const std::size_t got = read_memory(task, at, chunk, want);
    if (got == 0) return false;
    if (const void* end = std::memchr(chunk, '\0', got)) {
      out.append(chunk, static_cast<std::size_t>(static_cast<const char*>(end) - chunk));
      return true;
    }
    out.append(chunk, got);
  }
  return false;
}

bool write_memory(pid_t task, std::uint64_t address, const void* bytes, std::size_t size) {
  const UniqueFd mem = open_mem(task, O_WRONLY);
  return mem && pwrite(mem.get(), bytes, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
}

}  // namespace cordon
