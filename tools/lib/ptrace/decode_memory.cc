#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "ptrace/decode.h"
#include "ptrace/files.h"
#include "ptrace/mappings.h"

namespace cordon::decode {
namespace {

/// Part of the call's identity: the arguments alone do not tell it.
void tell(Call& call, Executable executable) {
  call.executable = executable;
  call.key.c |= static_cast<std::uint64_t>(executable) << 32;
}

bool holds_stack(const Mapping& mapping, const Call& call) {
  return mapping.name == "[stack]" || (mapping.begin <= call.stack_pointer && call.stack_pointer <= mapping.end);
}

Executable kind_of(const Mapping& mapping, const Call& call) {
  if (mapping.is_file())
    return !mapping.shared && (call.args[2] & PROT_WRITE) != 0 ? Executable::kWritableFile : Executable::kFile;
  if (mapping.executable) return Executable::kAnonymous;
  if (mapping.name == "[heap]") return Executable::kHeap;
  return holds_stack(mapping, call) ? Executable::kStack : Executable::kAnonymous;
}

FileOp file_at(World& world, const Tracee& tracee, const Mapping& mapping) {
  FileOp file;
  bool outside = false;
  file.path = inside_view(tracee.fs->view, mapping.name, outside);
  file.disconnected = outside;
  file.perms = FilePerm::kMapExec;
  if (!mapping.executable && has_changed_pages(tracee.tid, mapping.begin)) file.perms |= FilePerm::kMapChanged;
  struct stat status {};
  if (file.path.starts_with("/memfd:")) {
    file.kind = FileKind::kMemfd;
  } else if (stat(reach(tracee.fs->view, file.path).c_str(), &status) == 0) {
    file.kind = files::kind_of_mode(status.st_mode);
    file.owner = status.st_uid == world.subjects[tracee.call.subject].fsuid ? Owner::kSelf : Owner::kOther;
  }
  return file;
}

}  // namespace

bool mmap_entry(World&, Tracee& tracee) {
  Call& call = tracee.call;
  if ((call.args[2] & PROT_EXEC) == 0) return false;
  const bool alone = (call.args[3] & MAP_TYPE) == MAP_PRIVATE;
  if ((call.args[3] & MAP_ANONYMOUS) != 0)
    tell(call, Executable::kAnonymous);
  else
    tell(call, alone && (call.args[2] & PROT_WRITE) != 0 ? Executable::kWritableFile : Executable::kFile);
  return false;
}

bool mprotect_entry(World& world, Tracee& tracee) {
  constexpr int kMost = 1024;  // mappings that one call goes over; what comes behind is told as lost
  Call& call = tracee.call;
  if (!world.full || (call.args[2] & PROT_EXEC) == 0) return false;
  Executable all = Executable::kUntold;
  const std::uint64_t end = call.args[0] + call.args[1];
  std::uint64_t at = call.args[0];
  for (int i = 0; at < end; ++i) {
    if (i == kMost) {
      ++world.lost;
      break;
    }
    const auto mapping = mapping_from(tracee.tid, at);
    if (!mapping || mapping->begin >= end || mapping->end <= at) break;
    all = std::max(all, kind_of(*mapping, call));
    if (mapping->is_file()) at_exit(tracee, file_at(world, tracee, *mapping));
    at = mapping->end;
  }
  tell(call, all);
  return !call.on_exit.empty();
}

}  // namespace cordon::decode
