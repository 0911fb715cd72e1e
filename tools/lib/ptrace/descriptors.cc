#include "ptrace/descriptors.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/fd.h"
#include "ptrace/files.h"
#include "ptrace/net.h"

namespace cordon::files {
namespace {

using P = FilePerm;

constexpr AccessRow kAccess[] = {
    {Access::kGetattr, P::kGetattr, false},
    {Access::kAccess, P::kGetattr, false},
    {Access::kSetattr, P::kSetattr, false},
    {Access::kChown, P::kSetattr, true},
    {Access::kTruncate, P::kTruncate, false},
    {Access::kUnlink, P::kUnlink, true},
    {Access::kRmdir, P::kUnlink, true},
    {Access::kMkdir, P::kCreate, false},
    {Access::kMknod, P::kCreate, false},
    {Access::kRenameFrom, P::kRenameFrom, true},
    {Access::kRenameTo, P::kRenameTo, true},
    {Access::kLinkFrom, P::kLinkFrom, false},
    {Access::kLinkTo, P::kLinkTo, true},
    {Access::kSymlink, P::kSymlink | P::kCreate, false},
    {Access::kReadlink, P::kReadlink, false},
    {Access::kGetxattr, P::kGetxattr, false},
    {Access::kSetxattr, P::kSetxattr, false},
    {Access::kSearch, P::kSearch, false},
    {Access::kChroot, P::kChroot, true},
    {Access::kWatch, P::kWatch, false},
    {Access::kMountTarget, P::kMounton, true},
    {Access::kUmount, P::kMounton, true},
    {Access::kRead, P::kRead, false},
    {Access::kWrite, P::kWrite, false},
    {Access::kList, P::kList, false},
    {Access::kLock, P::kLock, false},
    {Access::kMap, P::kMap, false},
    {Access::kIoctl, P::kIoctl, false},
    {Access::kConnect, P::kConnect, false},
    {Access::kExec, P::kExec, true},
};

constexpr auto make_access_table() {
  std::array<AccessRow, static_cast<std::size_t>(Access::kCount_)> all{};
  for (const AccessRow& row : kAccess) all[static_cast<std::size_t>(row.access)] = row;
  return all;
}
constexpr auto kAccessTable = make_access_table();

FileOp file_of_object(World& world, const Tracee& tracee, const FdEntry& entry) {
  const Object& object = world.objects[entry.object];
  FileOp file;
  file.path = world.texts.text(object.path);
  file.host_path = world.texts.text(object.host_path);
  file.kind = object.file_kind;
  file.disconnected = object.disconnected;
  file.inherited = entry.inherited;
  set_owner(world, tracee, file, object.uid);
  return file;
}

/// What fcntl's command does to the file.
FilePerm fcntl_perm(std::uint64_t command) {
  switch (command) {
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case 12:
    case 13:
    case 14:  // i386: F_GETLK64, F_SETLK64, F_SETLKW64
      return P::kLock;
    default: return P::kCount_;
  }
}

}  // namespace

const AccessRow& access_row(Access access) { return kAccessTable[static_cast<std::size_t>(access)]; }

/// The path behind a descriptor's link, without the mark of a file that has been removed.
std::string without_deleted(const std::string& link, const struct stat& status) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (status.st_nlink == 0 && link.ends_with(kDeleted)) return link.substr(0, link.size() - kDeleted.size());
  return link;
}

void set_owner(World& world, const Tracee& tracee, FileOp& file, std::uint32_t uid) {
  const std::uint32_t fsuid = world.subjects[tracee.call.subject].fsuid;
  file.owner = uid == fsuid ? Owner::kSelf : Owner::kOther;
}

FileKind kind_of_mode(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileKind::kRegular;
    case S_IFDIR: return FileKind::kDirectory;
    case S_IFLNK: return FileKind::kSymlink;
    case S_IFCHR: return FileKind::kCharDevice;
    case S_IFBLK: return FileKind::kBlockDevice;
    case S_IFIFO: return FileKind::kFifo;
    case S_IFSOCK: return FileKind::kSocket;
    default: return FileKind::kUnknown;
  }
}

ObjectId object_from_link(World& world, Tracee& tracee, int fd, const std::string& link, const struct stat& status) {
  Object object;
  object.uid = status.st_uid;
  object.file_kind = kind_of_mode(status.st_mode);
  if (link.starts_with("socket:")) return net::object_of_socket(world, tracee, fd);
  if (link.starts_with('/')) {
    const std::string ours = without_deleted(link, status);
    const PathView& view = tracee.fs->view;
    const std::string path = inside_view(view, ours, object.disconnected);
    object.kind = ObjectKind::kFile;
    if (path.starts_with("/memfd:")) object.file_kind = FileKind::kMemfd;
    object.path = world.texts.intern(path);
    if (!view.foreign && path != ours) object.host_path = world.texts.intern(ours);
    return world.object_of(object);
  }
  object.kind = ObjectKind::kOther;
  object.uid = 0;
  const bool anonymous = link.starts_with("anon_inode:");
  if (anonymous) object.file_kind = FileKind::kAnonInode;
  object.path =
      world.texts.intern(anonymous ? std::string_view(link) : std::string_view(link).substr(0, link.find(':')));
  return world.object_of(object);
}

FdEntry* descriptor(World& world, Tracee& tracee, int fd) {
  FdEntry* entry = tracee.files->at(fd);
  if (entry == nullptr) {
    tracee.files->overflow = {};
    entry = &tracee.files->overflow;
  }
  if (entry->standard || entry->object != 0) return entry;
  const std::string link_path = proc_path(tracee.tid, "fd/" + std::to_string(fd));
  const std::optional<std::string> link = read_link(link_path);
  struct stat status {};
  if (!link || stat(link_path.c_str(), &status) != 0) return entry;
  entry->object = object_from_link(world, tracee, fd, *link, status);
  entry->handed = !entry->inherited;  // what the program opens itself is known from its call
  return entry;
}

namespace {

/// How a descriptor was opened, by fdinfo's octal flags (proc(5)).
FilePerms opened_for(Tracee& tracee, int fd) {
  std::string text;
  if (const auto info = read_file(proc_path(tracee.tid, "fdinfo/" + std::to_string(fd)))) text = *info;
  const std::size_t at = text.find("flags:");
  if (at == std::string::npos) return {};
  const unsigned long flags = std::strtoul(text.c_str() + at + 6, nullptr, 8);
  FilePerms perms;
  if ((flags & O_ACCMODE) != O_WRONLY) perms |= P::kRead;
  if ((flags & O_ACCMODE) != O_RDONLY) perms |= (flags & O_APPEND) != 0 ? P::kAppend : P::kWrite;
  return perms;
}

/// A descriptor that another program opened: the kernel asks anew whether this one may have it, for all that it was
/// opened for (security/apparmor/file.c aa_inherit_files, aa_file_perm).
bool touch_handed(World& world, Tracee& tracee, int fd, const FdEntry& entry) {
  const Object& object = world.objects[entry.object];
  if (object.kind != ObjectKind::kFile) return false;
  const ActionKey key{tracee.call.subject, what_of(Act::kFile, 0x200), entry.object, static_cast<std::uint64_t>(fd), 0};
  if (!world.wants_result(key)) return false;
  FileOp file = file_of_object(world, tracee, entry);
  file.perms = opened_for(tracee, fd);
  if (file.perms.empty()) return false;
  tracee.call.pending.push_back({key, std::move(file)});
  return true;
}

}  // namespace

bool touch(World& world, Tracee& tracee, int fd, FilePerm perm) {
  const FdEntry* entry = descriptor(world, tracee, fd);
  if (entry->standard || entry->object == 0) return false;
  const Object& object = world.objects[entry->object];
  Call& call = tracee.call;
  const bool ioctl = perm == P::kIoctl;
  if (object.kind == ObjectKind::kUnknown || (object.kind != ObjectKind::kFile && !ioctl)) return false;
  const std::uint64_t command = ioctl ? call.args[1] & 0xffffffff : 0;
  const std::uint32_t detail = static_cast<std::uint32_t>(perm) | (entry->inherited ? 0x100 : 0);
  const ActionKey key{call.subject, what_of(ioctl ? Act::kIoctl : Act::kFile, detail), entry->object, command, 0};
  if (!world.wants_result(key)) return false;
  if (ioctl) {
    IoctlOp op;
    op.command = static_cast<std::uint32_t>(command);
    op.kind = object.file_kind;
    if (object.kind == ObjectKind::kFile)
      op.path = world.texts.text(object.path);
    else
      op.klass = object.kind == ObjectKind::kSocket ? net::class_of(object) : world.texts.text(object.path);
    call.pending.push_back({key, std::move(op)});
    if (object.kind != ObjectKind::kFile) return true;
  }
  FileOp file = file_of_object(world, tracee, *entry);
  file.perms = perm;
  ActionKey file_key = key;
  file_key.what = what_of(Act::kFile, detail);
  file_key.b = 0;
  if (!ioctl || world.wants_result(file_key)) call.pending.push_back({file_key, std::move(file)});
  return true;
}

bool touch_by_row(World& world, Tracee& tracee, const CallRow& row, const std::uint64_t* args, const Use& use, int fd) {
  if (net::touch(world, tracee, row, args, use, fd)) return true;
  FilePerm perm = P::kCount_;
  if (use.access == Access::kMap) {
    if ((args[3] & 0x20) != 0) return false;            // MAP_ANONYMOUS
    perm = (args[2] & 4) != 0 ? P::kMapExec : P::kMap;  // PROT_EXEC
  } else if (use.access == Access::kFcntl) {
    perm = fcntl_perm(args[1]);
  } else if (use.access == Access::kIoctl) {
    return touch(world, tracee, fd, P::kIoctl);
  } else if (use.access == Access::kRead || use.access == Access::kWrite) {
    const FdEntry* entry = descriptor(world, tracee, fd);
    if (entry->handed && !entry->standard && entry->object != 0) return touch_handed(world, tracee, fd, *entry);
    if (!entry->inherited) return false;
    perm = use.access == Access::kRead ? P::kRead : P::kWrite;
  } else if (!access_row(use.access).perms.empty()) {
    for (int bit = 0; bit < static_cast<int>(P::kCount_); ++bit)
      if (access_row(use.access).perms.has(static_cast<P>(bit))) perm = static_cast<P>(bit);
  }
  return perm != P::kCount_ && touch(world, tracee, fd, perm);
}

}  // namespace cordon::files
