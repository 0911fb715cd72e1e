#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace cordon {

/// Reads from a traced task's memory: process_vm_readv(2), or /proc/PID/mem where a filter forbids that. The number of
/// bytes read may be less than asked for where unmapped memory begins; 0 if nothing could be read.
std::size_t read_memory(pid_t task, std::uint64_t address, void* buffer, std::size_t size);

/// From now on this thread keeps /proc/PID/mem open of tasks that are read often, which costs a quarter less than
/// looking the task up each time. It must then say of each task when it has executed another program, and when it is
/// gone.
void keep_memories_open();
void forget_memory(pid_t task);

/// How many reads this thread was refused so far, other than for a bad address or a task that is gone: each is
/// something that a recording has lost.
std::uint64_t refused_reads();

template <class T>
bool read_object(pid_t task, std::uint64_t address, T& object) {
  return address != 0 && read_memory(task, address, &object, sizeof object) == sizeof object;
}

/// A NUL-ended string of at most `limit` bytes; false if the address is bad or no NUL came. Keeps out's storage.
bool read_string(pid_t task, std::uint64_t address, std::string& out, std::size_t limit = 4096);

/// Writes into a stopped task's memory (for the few calls that the recorder must change).
bool write_memory(pid_t task, std::uint64_t address, const void* bytes, std::size_t size);

}  // namespace cordon
