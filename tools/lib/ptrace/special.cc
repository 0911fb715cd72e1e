#include "ptrace/special.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "ptrace/decode.h"
#include "ptrace/files.h"
#include "ptrace/memory.h"
#include "ptrace/net.h"

namespace cordon {
namespace {

constexpr std::uint64_t kSeccompSetModeFilter = 1;  // linux/seccomp.h
constexpr std::uint64_t kCloseRangeCloexec = 4;     // linux/close_range.h

bool narrow_words(Arch arch) { return arch == Arch::kI386 || arch == Arch::kArm; }

void replace(World& world, Tracee& tracee, std::string_view name, const std::uint64_t* args, unsigned count) {
  Call& call = tracee.call;
  call.row = world.row_named(call.arch, name);
  std::fill(std::begin(call.args), std::end(call.args), 0);
  std::copy(args, args + count, call.args);
}

/// Reads the 32-bit words that a multiplexer's pointer argument leads to.
bool read_words(const Tracee& tracee, std::uint64_t at, std::uint64_t (&args)[6]) {
  std::uint32_t words[6]{};
  if (read_memory(tracee.tid, at, words, sizeof words) == 0) return false;
  std::copy(std::begin(words), std::end(words), args);
  return true;
}

FdEntry* result_entry(Tracee& tracee) { return tracee.files->at(static_cast<int>(tracee.call.result)); }

void copy_descriptor(Tracee& tracee, int from) {
  const FdEntry* source = tracee.files->at(from);
  const FdEntry copied = source == nullptr ? FdEntry{} : *source;
  if (FdEntry* entry = result_entry(tracee)) *entry = copied;
}

bool fcntl_dups(const Call& call) {
  const std::uint64_t command = call.args[1] & 0xffffffff;
  return call.row->name.starts_with("fcntl") && (command == F_DUPFD || command == F_DUPFD_CLOEXEC);
}

void made_descriptor(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  if (call.operand_count != 0 && call.operands[0].access == Access::kOpen && world.full) return;  // files::exit did
  if (call.row->name.starts_with("accept")) return copy_descriptor(tracee, static_cast<int>(call.args[0]));
  if ((call.row->info->effects & kDupsFd) != 0 || fcntl_dups(call))
    return copy_descriptor(tracee, static_cast<int>(call.args[0]));
  if (FdEntry* entry = result_entry(tracee)) *entry = {};
}

void made_pair(Tracee& tracee) {
  const Call& call = tracee.call;
  const unsigned at = call.row->name == "socketpair" ? 3 : 0;
  std::int32_t pair[2]{-1, -1};
  if (!read_object(tracee.tid, call.args[at], pair)) return;
  for (const int fd : pair) tracee.files->forget(fd);
}

/// Its own filter may now decide before ours: from here on every syscall stop is looked at.
void installed_filter(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  const std::uint64_t first = call.args[0] & 0xffffffff;
  const bool by_prctl = call.row->name == "prctl" && first == PR_SET_SECCOMP;
  const bool by_seccomp = call.row->name == "seccomp" && first == kSeccompSetModeFilter;
  if (!by_prctl && !by_seccomp) return;
  tracee.process->plain_stops = true;
  world.note("seccomp filter installed by " + world.texts.text(tracee.process->exe) +
             ": watched by syscall stops from there on, so that calls it refuses are seen too");
}

}  // namespace

void unwrap(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  if (!narrow_words(call.arch)) return;
  std::uint64_t args[6]{};
  if (call.row->name == "socketcall") {
    const std::string_view name = socketcall_name(call.args[0]);
    if (!name.empty() && read_words(tracee, call.args[1], args)) replace(world, tracee, name, args, 6);
  } else if (call.row->name == "ipc") {
    const std::string_view name = ipc_call_name(call.args[0]);
    const std::uint64_t inner[] = {call.args[1], call.args[2], call.args[3], call.args[4]};
    if (!name.empty()) replace(world, tracee, name, inner, 4);
  } else if (call.row->info->name == "old_mmap" && read_words(tracee, call.args[0], args)) {
    replace(world, tracee, "mmap2", args, 6);
  }
}

void entry_effects(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  const std::uint32_t effects = call.row->info->effects;
  if ((effects & kClosesFd) != 0) tracee.files->forget(static_cast<int>(call.args[0]));
  if ((effects & kClosesRange) != 0 && (call.args[2] & kCloseRangeCloexec) == 0)
    tracee.files->forget_range(call.args[0] & 0xffffffff, call.args[1] & 0xffffffff);
  if ((effects & kChangesCreds) != 0) world.credentials(tracee);  // as they are before
}

void exit_effects(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  const std::uint32_t effects = call.row->info->effects;
  if (call.failed) return;
  if ((effects & (kMakesFd | kDupsFd)) != 0 || fcntl_dups(call)) made_descriptor(world, tracee);
  if ((effects & kMakesFdPair) != 0) made_pair(tracee);
  if ((effects & kChangesCwd) != 0) tracee.fs->cwd_generation = 0;
  if ((effects & kChangesMounts) != 0) world.names_moved();
  if ((effects & kChangesRoot) != 0) {
    files::renew_view(world, tracee);
    world.names_moved();
  }
  if ((effects & kChangesCreds) != 0) {
    tracee.process->credentials_stale = true;
    world.renew_subject(tracee);
  }
  installed_filter(world, tracee);
  note_ring(world, tracee);
}

void note_ring(World& world, const Tracee& tracee) {
  if ((tracee.call.row->info->effects & kMakesFd) == 0 || tracee.call.row->name != "io_uring_setup") return;
  world.note(
      "io_uring set up by " + world.texts.text(tracee.process->exe) +
      ": operations on its rings are made by the kernel and are invisible to ptrace and to seccomp filters alike");
}

}  // namespace cordon
