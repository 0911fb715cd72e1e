#include "ptrace/files.h"
#include "ptrace/descriptors.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "kernel/names.h"
#include "ptrace/infer.h"
#include "ptrace/memory.h"
#include "ptrace/missing.h"
#include "ptrace/net.h"

namespace cordon::files {
namespace {

using P = FilePerm;

/// Results that say nothing of a file: the call never got to one.
bool is_no_access(const Call& call) {
  if (!call.failed) return false;
  const std::int64_t error = -call.result;
  return error == EFAULT || error == EBADF || error == ENAMETOOLONG || error == ENOSYS || error >= 512;
}

std::uint32_t open_flags_of(const Tracee& tracee, const CallRow& row, const std::uint64_t* args) {
  for (unsigned i = 0; i < 6; ++i) {
    if (row.info->args[i] == ArgKind::kOpenFlags) return static_cast<std::uint32_t>(args[i]);
    if (row.info->args[i] == ArgKind::kOpenHow) {
      std::uint64_t flags = 0;  // struct open_how begins with them
      read_object(tracee.tid, args[i], flags);
      return static_cast<std::uint32_t>(flags);
    }
  }
  return O_WRONLY | O_CREAT | O_TRUNC;  // creat(2)
}

std::uint32_t at_flags_of(const CallRow& row, const std::uint64_t* args) {
  for (unsigned i = 0; i < 6; ++i)
    if (row.info->args[i] == ArgKind::kAtFlags) return static_cast<std::uint32_t>(args[i]);
  return 0;
}

bool follows(const Call& call, const CallRow& row, const std::uint64_t* args, Follow follow) {
  switch (follow) {
    case Follow::kYes: return true;
    case Follow::kNo: return false;
    case Follow::kUnlessAtNofollow: return (at_flags_of(row, args) & AT_SYMLINK_NOFOLLOW) == 0;
    case Follow::kIfAtFollow: return (at_flags_of(row, args) & AT_SYMLINK_FOLLOW) != 0;
    case Follow::kByOpenFlags:
      return (call.open_flags & O_NOFOLLOW) == 0 && (call.open_flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    case Follow::kUnlessUmountNofollow: return (at_flags_of(row, args) & UMOUNT_NOFOLLOW) == 0;
    case Follow::kByWatchMask: return (args[2] & IN_DONT_FOLLOW) == 0;
  }
  return true;
}

bool is_standard_stream(const World& world, const struct stat& status) {
  for (const World::Identity& identity : world.standard_streams)
    if (identity.inode == status.st_ino && identity.device == status.st_dev && identity.inode != 0) return true;
  return false;
}

constexpr std::uint32_t kWalkFlags =
    O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_PATH | O_DIRECTORY | O_NOFOLLOW | O_TMPFILE;

/// All that decides which facts a path call gives, hashed.
void make_path_key(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args) {
  Call& call = tracee.call;
  std::uint64_t words[4 + 6 + 2 * 2];  // of the call, of its arguments, of its operands
  std::size_t count = 0;
  const auto add = [&](std::uint64_t word) { words[count++] = word; };
  add(std::uint64_t{call.subject} << 32 | tracee.fs->view.root_id);
  add(reinterpret_cast<std::uintptr_t>(&row));
  add(world.generation);
  add(std::uint64_t{call.open_flags & kWalkFlags} << 32 | at_flags_of(row, args));
  for (unsigned i = 0; i < 6; ++i)
    if (row.info->args[i] == ArgKind::kUid || row.info->args[i] == ArgKind::kNodeType) add(args[i]);
  for (unsigned i = 0; i < call.operand_count; ++i) {
    const Operand& operand = call.operands[i];
    add(std::uint64_t{operand.base} << 32 | (operand.follow ? 1u : 0u) | (operand.is_fd ? 2u : 0u));
    add(operand.path.size());
  }
  std::string& text = call.text;
  text.assign(reinterpret_cast<const char*>(words), count * sizeof words[0]);
  for (unsigned i = 0; i < call.operand_count; ++i) text += call.operands[i].path;
  call.path_key = siphash128(text);
}

bool looks_before(const Call& call, const PathMemory& memory) {
  for (unsigned i = 0; i < call.operand_count; ++i) {
    const Access access = call.operands[i].access;
    if (access == Access::kOpen && (call.open_flags & O_CREAT) != 0) {
      if (!memory.created) return true;
    } else if (access_row(access).look_before && !memory.settled) {
      return true;
    }
  }
  return false;
}

FilePerms open_perms(std::uint32_t flags, bool created) {
  FilePerms perms;
  if ((flags & O_PATH) != 0) return perms;
  const std::uint32_t mode = flags & O_ACCMODE;
  if (mode != O_WRONLY) perms |= P::kRead;
  if (mode != O_RDONLY) perms |= (flags & O_APPEND) != 0 ? P::kAppend : P::kWrite;
  if ((flags & O_TRUNC) != 0) perms |= P::kTruncate;
  if ((flags & O_CREAT) != 0) perms |= created ? P::kCreate : P::kOpenCreate;
  if ((flags & O_TMPFILE) == O_TMPFILE) perms |= P::kCreate;
  return perms;
}

/// What a new name is, by the call that made it.
FileKind created_kind(const Call& call, Access access) {
  switch (access) {
    case Access::kMkdir: return FileKind::kDirectory;
    case Access::kSymlink: return FileKind::kSymlink;
    case Access::kMknod: {
      const mode_t type =
          static_cast<mode_t>(call.args[call.row->info->args[1] == ArgKind::kNodeType ? 1 : 2]) & S_IFMT;
      return type == 0 ? FileKind::kRegular : kind_of_mode(type);
    }
    default: return FileKind::kUnknown;
  }
}

/// The link of the new descriptor is the path that was opened, whatever has moved in the meantime.
void take_opened(const Tracee& tracee, Operand& operand) {
  const std::string link_path = proc_path(tracee.tid, "fd/" + std::to_string(tracee.call.result));
  const std::optional<std::string> link = read_link(link_path);
  struct stat status {};
  if (!link || stat(link_path.c_str(), &status) != 0) return;
  operand.walk.status = status;
  operand.walk.error = 0;
  if (!link->starts_with('/')) return;
  const bool temporary = (tracee.call.open_flags & O_TMPFILE) == O_TMPFILE;
  if (operand.walk.path.starts_with("/proc/") && !temporary) return;
  operand.walk.path = inside_view(tracee.fs->view, without_deleted(*link, status), operand.walk.disconnected);
}

void remember_opened(World& world, Tracee& tracee, const Operand& operand, bool standard) {
  FdEntry* entry = tracee.files->at(static_cast<int>(tracee.call.result));
  if (entry == nullptr) return;
  *entry = {};
  entry->standard = standard;
  const FileOp file = file_of(world, tracee, operand.walk);
  Object object;
  object.kind = ObjectKind::kFile;
  object.file_kind = file.kind;
  object.path = world.texts.intern(file.path);
  object.host_path = world.texts.intern(file.host_path);
  object.uid = operand.walk.status.st_uid;
  object.disconnected = file.disconnected;
  entry->object = world.object_of(object);
}

void emit_file(World& world, Tracee& tracee, std::vector<FactIndex>& facts, FileOp file, Verdict verdict) {
  facts.push_back(world.emit_as(tracee.call.subject, tracee, std::move(file), std::move(verdict)));
}

void emit_operand(World& world, Tracee& tracee, std::vector<FactIndex>& facts, unsigned index, bool& created) {
  Call& call = tracee.call;
  Operand& operand = call.operands[index];
  const int error = error_of(call);
  FilePerms perms = access_row(operand.access).perms;
  const bool existed = operand.walk.error == 0;
  if (operand.access == Access::kOpen) {
    created = error == 0 && (call.open_flags & O_CREAT) != 0 && !existed;
    if (error == 0) take_opened(tracee, operand);
    perms = open_perms(call.open_flags, created);
    if (error == 0 && operand.walk.magic && is_standard_stream(world, operand.walk.status)) perms = {};
  }
  FileOp file = file_of(world, tracee, operand.walk);
  if (error == 0 && (created || perms.has(P::kCreate))) file.owner = Owner::kSelf;
  if (const FileKind kind = created_kind(call, operand.access); kind != FileKind::kUnknown) file.kind = kind;
  if (operand.access == Access::kSymlink) read_string(tracee.tid, call.args[0], file.target);
  const bool two_names =
      call.operand_count == 2 && perms.has_any(P::kRenameFrom | P::kRenameTo | P::kLinkFrom | P::kLinkTo);
  if (two_names) {
    file.target = call.operands[1 - index].walk.path;
    const Walk& from = call.operands[0].walk;
    if (index == 1 && from.error == 0) {
      file.kind = kind_of_mode(from.status.st_mode);
      set_owner(world, tracee, file, from.status.st_uid);
    }
  }
  file.perms = perms;
  if (!perms.empty()) emit_file(world, tracee, facts, std::move(file), verdict_of(error));
  infer::file_capabilities(world, tracee, operand, perms, existed);
}

/// A directory that a path was relative to was searched through its descriptor.
void emit_dirfd(World& world, Tracee& tracee, std::vector<FactIndex>& facts, const Operand& operand) {
  if (!operand.explicit_dirfd || operand.path.starts_with('/')) return;
  FileOp file;
  file.path = world.texts.text(operand.base);
  if (file.path.empty() || !file.path.starts_with('/')) return;
  struct stat status {};
  if (stat(reach(tracee.fs->view, file.path).c_str(), &status) != 0) return;
  file.kind = kind_of_mode(status.st_mode);
  set_owner(world, tracee, file, status.st_uid);
  file.perms = P::kSearch;
  emit_file(world, tracee, facts, std::move(file), {});
}

/// A known path call cannot have moved a link or a directory: that would have begun a new generation of keys.
void note_moves(World& world, const Call& call) {
  if (call.failed) return;
  for (unsigned i = 0; i < call.operand_count; ++i) {
    const Operand& operand = call.operands[i];
    if (!operand.walked) continue;
    const bool link = operand.walk.error == 0 && S_ISLNK(operand.walk.status.st_mode);
    const bool directory = operand.walk.error == 0 && S_ISDIR(operand.walk.status.st_mode);
    const bool renames = operand.access == Access::kRenameFrom || operand.access == Access::kRenameTo;
    const bool removes_link = link && (renames || operand.access == Access::kUnlink);
    const bool adds_link = operand.access == Access::kSymlink || (link && operand.access == Access::kLinkFrom);
    if (adds_link || removes_link || (renames && directory)) return world.names_moved();
  }
}

/// An outcome after which repeats teach nothing: success, and readlink's "this is no symlink" (which only a call that
/// begins a new generation of keys can change).
bool is_usual(const Call& call, int error) {
  return error == 0 || (error == EINVAL && call.operands[0].access == Access::kReadlink);
}

/// First sight of this outcome of this call: its facts, remembered under its key.
void learn_outcome(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  std::vector<FactIndex> facts;
  bool created = false;
  bool magic = false;
  for (unsigned i = 0; i < call.operand_count; ++i) {
    Operand& operand = call.operands[i];
    if (!operand.valid || operand.is_fd) continue;
    walk(world, tracee, operand);
    magic |= operand.walk.magic;
    emit_links(world, tracee, operand.walk);
    emit_dirfd(world, tracee, facts, operand);
  }
  for (unsigned i = 0; i < call.operand_count; ++i)
    if (call.operands[i].valid && !call.operands[i].is_fd) emit_operand(world, tracee, facts, i, created);
  PathOutcome outcome{error_of(call), static_cast<std::uint32_t>(world.paths.facts.size()),
                      static_cast<std::uint32_t>(facts.size()), 0, 0};
  if (call.operands[0].access == Access::kOpen && !call.failed) {
    const Walk& end = call.operands[0].walk;
    remember_opened(world, tracee, call.operands[0], end.magic && is_standard_stream(world, end.status));
    if (const FdEntry* entry = tracee.files->at(static_cast<int>(call.result))) outcome.object = entry->object;
  }
  if (magic || (call.open_flags & O_TMPFILE) == O_TMPFILE) return;
  world.paths.facts.insert(world.paths.facts.end(), facts.begin(), facts.end());
  PathMemory& memory = world.paths.calls.insert(call.path_key);
  outcome.next = memory.first;
  // A later call that really creates the file has the same errno: only its facts count from then on.
  memory.first = static_cast<std::uint32_t>(world.paths.outcomes.size());
  if (const int error = error_of(call); is_usual(call, error) && !memory.settled) {
    memory.settled = true;
    memory.usual_error = error;
  } else if (!memory.settled) {
    memory.missing = may_stay_missing(tracee);
    memory.usual_error = error;
  }
  memory.created |= created;
  world.paths.outcomes.push_back(outcome);
}

const PathOutcome* known_outcome(World& world, const Call& call, int error) {
  const PathMemory* memory = world.paths.calls.find(call.path_key);
  if (memory == nullptr) return nullptr;
  const bool may_create = call.operands[0].access == Access::kOpen && (call.open_flags & O_CREAT) != 0;
  if (may_create && !memory->created && error == 0 && call.operands[0].walked && call.operands[0].walk.error != 0)
    return nullptr;
  for (std::uint32_t i = memory->first; i != 0; i = world.paths.outcomes[i].next)
    if (world.paths.outcomes[i].error == error) return &world.paths.outcomes[i];
  return nullptr;
}

void count(World& world, const PathOutcome& outcome, bool watched) {
  for (std::uint32_t i = 0; i < outcome.facts_count; ++i)
    world.ledger.bump(world.paths.facts[outcome.facts_begin + i], world.now_ms, watched);
}

void take_operand(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args, const Use& use) {
  Call& call = tracee.call;
  Operand& operand = call.operands[call.operand_count++];
  operand.access = use.access;
  operand.walked = false;
  operand.is_fd = false;
  operand.follow = follows(call, row, args, use.follow);
  const bool has_dirfd = use.arg > 0 && row.info->args[use.arg - 1] == ArgKind::kDirfd;
  take_path(world, tracee, operand, has_dirfd ? static_cast<int>(args[use.arg - 1]) : AT_FDCWD, args[use.arg]);
  operand.explicit_dirfd = has_dirfd && static_cast<int>(args[use.arg - 1]) != AT_FDCWD;
  const bool may_be_empty =
      (at_flags_of(row, args) & AT_EMPTY_PATH) != 0 || args[use.arg] == 0 || use.access == Access::kReadlink;
  if ((operand.valid || args[use.arg] == 0) && operand.path.empty() && has_dirfd && may_be_empty) {
    operand.is_fd = true;
    operand.fd = static_cast<int>(args[use.arg - 1]);
  }
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat one {
  }, other{};
  return lstat(a.c_str(), &one) == 0 && lstat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

std::vector<MountRow> mounts_of(const std::string& table) {
  const Result<std::string> text = read_file(table, std::size_t{1} << 26);
  return text ? parse_mountinfo(*text) : std::vector<MountRow>();
}

/// The path by which the host, that is the recorder, knows it; empty if that is the same, or if it has none there.
std::string host_path(World& world, const PathView& view, const Walk& walk) {
  if (!view.foreign) return view.root == "/" ? "" : walk.path == "/" ? view.root : view.root + walk.path;
  HostPaths& mounts = world.host_paths;
  if (mounts.generation != world.generation || mounts.root_id != view.root_id) {
    mounts = {world.generation, view.root_id, mounts_of(proc_path(view.task, "mountinfo")),
              mounts_of("/proc/self/mountinfo")};
  }
  const std::string path = translate_path(mounts.theirs, mounts.ours, walk.path);
  if (path.empty() || path == walk.path) return {};
  const auto looked_at = [&](const std::string& at) {
    return walk.error == 0 ? at : at.substr(0, std::max<std::size_t>(at.rfind('/'), 1));
  };
  return same_file(looked_at(path), looked_at(reach(view, walk.path))) ? path : std::string();
}

/// What an operand's call asks for, if it gets there.
std::optional<FileOp> attempted(World& world, Tracee& tracee, Operand& operand) {
  if (!operand.valid || operand.is_fd) return std::nullopt;
  walk(world, tracee, operand);
  FileOp file = file_of(world, tracee, operand.walk);
  file.perms =
      operand.access == Access::kOpen ? open_perms(tracee.call.open_flags, false) : access_row(operand.access).perms;
  return file.perms.empty() ? std::nullopt : std::optional(std::move(file));
}

}  // namespace

void renew_view(World& world, Tracee& tracee) {
  FsState& fs = *tracee.fs;
  struct stat ns {};
  const std::uint64_t inode = stat(proc_path(tracee.tid, "ns/mnt").c_str(), &ns) == 0 ? ns.st_ino : 0;
  const std::string root = read_link(proc_path(tracee.tid, "root")).value_or("/");
  fs.view.foreign = inode != 0 && inode != world.own_mount_namespace;
  fs.view.root = root;
  fs.view.root_id = fs.view.foreign || root != "/" ? world.texts.intern(std::to_string(inode) + root) + 2 : 1;
  fs.view.task = tracee.tid;
  fs.view.tgid = tracee.process->tgid;
  fs.cwd_generation = 0;
}

TextId cwd_of(World& world, Tracee& tracee) {
  FsState& fs = *tracee.fs;
  if (fs.cwd_generation != world.generation) {
    bool outside = false;
    const std::string cwd = read_link(proc_path(tracee.tid, "cwd")).value_or("/");
    fs.cwd = world.texts.intern(inside_view(fs.view, cwd, outside));
    fs.cwd_generation = world.generation;
  }
  return fs.cwd;
}

void take_path(World& world, Tracee& tracee, Operand& operand, int dirfd, std::uint64_t address) {
  operand.valid = read_string(tracee.tid, address, operand.path);
  operand.base = 0;
  if (operand.path.starts_with('/')) return;
  if (dirfd == AT_FDCWD) {
    operand.base = cwd_of(world, tracee);
    return;
  }
  const FdEntry* entry = descriptor(world, tracee, dirfd);
  if (entry->standard) {
    operand.valid = false;
  } else {
    operand.base = world.objects[entry->object].path;
    operand.valid &= entry->object != 0;
  }
}

void walk(World& world, Tracee& tracee, Operand& operand) {
  if (operand.walked) return;
  tracee.fs->view.task = tracee.tid;
  tracee.fs->view.tgid = tracee.process->tgid;
  operand.walk = world.walker.walk(tracee.fs->view, world.texts.text(operand.base), operand.path, operand.follow);
  operand.walked = true;
}

FileOp file_of(World& world, const Tracee& tracee, const Walk& walk) {
  FileOp file;
  file.path = walk.path;
  file.disconnected = walk.disconnected;
  const PathView& view = tracee.fs->view;
  if (!walk.disconnected && walk.path.starts_with('/')) file.host_path = host_path(world, view, walk);
  if (walk.error != 0) return file;
  file.kind = kind_of_mode(walk.status.st_mode);
  set_owner(world, tracee, file, walk.status.st_uid);
  return file;
}

void emit_links(World& world, const Tracee& tracee, const Walk& walk) {
  for (const std::string& link : walk.links) {
    FileOp file;
    file.path = link;
    file.perms = P::kReadlink;
    file.kind = FileKind::kSymlink;
    struct stat status {};
    if (lstat(reach(tracee.fs->view, link).c_str(), &status) == 0) set_owner(world, tracee, file, status.st_uid);
    world.emit_as(tracee.call.subject, tracee, std::move(file), {});
  }
}

bool entry(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args) {
  Call& call = tracee.call;
  bool wanted = false;
  for (const Use& use : row.info->uses) {
    if (use.access == Access::kNone) break;
    if (row.info->args[use.arg] == ArgKind::kFd) {
      wanted |= touch_by_row(world, tracee, row, args, use, static_cast<int>(args[use.arg]));
      continue;
    }
    if (use.access == Access::kOpen) call.open_flags = open_flags_of(tracee, row, args);
    take_operand(world, tracee, row, args, use);
    const Operand& operand = call.operands[call.operand_count - 1];
    if (operand.is_fd) {
      wanted |= operand.fd != AT_FDCWD && touch_by_row(world, tracee, row, args, use, operand.fd);
      --call.operand_count;
    }
  }
  if (call.operand_count == 0) return wanted;
  make_path_key(world, tracee, row, args);
  const PathMemory* known = world.paths.calls.find(call.path_key);
  if (looks_before(call, known == nullptr ? PathMemory{} : *known))
    for (unsigned i = 0; i < call.operand_count; ++i)
      if (call.operands[i].valid) walk(world, tracee, call.operands[i]);
  if (wanted || row.always_exit || known == nullptr) return true;
  if (!known->settled && !(known->missing && is_missing(world, tracee))) return true;
  const PathOutcome* outcome = known_outcome(world, call, known->usual_error);
  if (outcome != nullptr) call.expected = static_cast<std::uint32_t>(outcome - world.paths.outcomes.data());
  return outcome == nullptr;
}

/// What descriptor an open made is found out when the descriptor is used: its number was forgotten when it was closed.
void count_expected(World& world, Tracee& tracee) {
  if (tracee.call.expected == 0) return;
  const PathOutcome& outcome = world.paths.outcomes[tracee.call.expected];
  count(world, outcome, false);
  tracee.in_doubt = outcome.error == ENOENT;
}

void settle_doubt(World& world, Tracee& tracee) {
  tracee.in_doubt = false;
  if (!is_missing(world, tracee)) unfinished(world, tracee);
}

void exit(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  if (call.operand_count == 0 || is_no_access(call)) return;
  if (const PathOutcome* known = known_outcome(world, call, error_of(call))) {
    count(world, *known, true);
    if (known->object != 0 && !call.failed)
      if (FdEntry* entry = tracee.files->at(static_cast<int>(call.result))) *entry = {known->object, false, false};
  } else {
    learn_outcome(world, tracee);
  }
  note_moves(world, call);
}

void unfinished(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  for (unsigned i = 0; i < call.operand_count; ++i)
    if (std::optional<FileOp> file = attempted(world, tracee, call.operands[i]))
      world.emit_as(call.subject, tracee, std::move(*file), {Outcome::kUnwatched, "", Mechanism::kNone});
}

void tried(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  for (unsigned i = 0; i < call.operand_count; ++i) {
    Operand copy =
        call.operands[i];  // what a walk finds in the middle of the call must not pass for what was before it
    if (std::optional<FileOp> file = attempted(world, tracee, copy))
      world.emit_tried(call.subject, tracee, std::move(*file));
  }
}

bool has_new_operand(World& world, const Call& call) {
  return call.operand_count != 0 && world.paths.calls.find(call.path_key) == nullptr;
}

}  // namespace cordon::files
