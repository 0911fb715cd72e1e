#include "ptrace/exec.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"
#include "ptrace/files.h"

namespace cordon::exec {
namespace {

constexpr int kMaxScripts = 5;  // execve(2): #! may lead to a script again, to this depth

std::string head_of(const std::string& path, std::size_t size) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string bytes(size, '\0');
  const ssize_t count = fd ? pread(fd.get(), bytes.data(), size, 0) : -1;
  bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return bytes;
}

template <class Header, class Segment>
std::string interpreter_in(const std::string& path, const std::string& bytes) {
  Header header{};
  if (bytes.size() < sizeof header) return {};
  std::memcpy(&header, bytes.data(), sizeof header);
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  for (unsigned i = 0; fd && i < header.e_phnum && i < 256; ++i) {
    Segment segment{};
    const auto at = static_cast<off_t>(header.e_phoff + i * sizeof segment);
    if (pread(fd.get(), &segment, sizeof segment, at) != static_cast<ssize_t>(sizeof segment)) break;
    if (segment.p_type != PT_INTERP || segment.p_filesz == 0 || segment.p_filesz > 4096) continue;
    std::string name(segment.p_filesz, '\0');
    if (pread(fd.get(), name.data(), name.size(), static_cast<off_t>(segment.p_offset)) < 0) break;
    return name.c_str();
  }
  return {};
}

/// PT_INTERP of the ELF file at a path of ours; "" if it has none.
std::string elf_interpreter(const std::string& path) {
  const std::string bytes = head_of(path, 64);
  if (bytes.size() < EI_NIDENT || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) return {};
  if (bytes[EI_CLASS] == ELFCLASS64) return interpreter_in<Elf64_Ehdr, Elf64_Phdr>(path, bytes);
  return interpreter_in<Elf32_Ehdr, Elf32_Phdr>(path, bytes);
}

/// The program of a "#!" line; "" if the file has none.
std::string script_interpreter(const std::string& path) {
  const std::string bytes = head_of(path, 256);  // linux/binfmts.h BINPRM_BUF_SIZE
  if (!bytes.starts_with("#!")) return {};
  const std::size_t begin = bytes.find_first_not_of(" \t", 2);
  if (begin == std::string::npos) return {};
  return bytes.substr(begin, bytes.find_first_of(" \t\n", begin) - begin);
}

bool is_set_id(const std::string& ours, const struct stat& status) {
  const bool group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
  return (status.st_mode & S_ISUID) != 0 || group || getxattr(ours.c_str(), "security.capability", nullptr, 0) > 0;
}

Walk walk_from_root(World& world, Tracee& tracee, const std::string& path) {
  Operand operand;
  operand.path = path;
  operand.valid = true;
  if (!path.starts_with('/')) operand.base = files::cwd_of(world, tracee);
  files::walk(world, tracee, operand);
  files::emit_links(world, tracee, operand.walk);
  return operand.walk;
}

void mapped_by_kernel(World& world, Tracee& tracee, FileOp file, bool maps) {
  file.perms = maps ? FilePerm::kRead | FilePerm::kMapExec : FilePerms(FilePerm::kRead);
  file.by_kernel = true;
  world.emit(tracee, std::move(file), {});
}

/// The task's program file itself, which /proc leads to even if the name is gone.
FileOp program_file(World& world, Tracee& tracee) {
  struct stat status {};
  Walk walk;
  walk.path = world.texts.text(tracee.process->exe);
  walk.error = stat(proc_path(tracee.tid, "exe").c_str(), &status) == 0 ? 0 : ENOENT;
  walk.status = status;
  FileOp file = files::file_of(world, tracee, walk);
  if (file.path.starts_with("/memfd:")) file.kind = FileKind::kMemfd;
  return file;
}

/// The file that execve was asked for, as the task saw it, from the call that is about to end.
Walk asked_for(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  if (call.operand_count != 0 && call.operands[0].valid) {
    files::walk(world, tracee, call.operands[0]);
    return call.operands[0].walk;
  }
  Walk walk;  // execveat with an empty path, or detail below full
  walk.path = world.texts.text(tracee.process->exe);
  walk.error = lstat(reach(tracee.fs->view, walk.path).c_str(), &walk.status) == 0 ? 0 : ENOENT;
  return walk;
}

void note_dropped_privileges(World& world, Tracee& tracee, const ExecOp& op, const struct stat& status) {
  if (!op.setid || (status.st_mode & S_ISUID) == 0) return;
  if (world.credentials(tracee).uid[1] == status.st_uid) return;
  world.note(op.path +
             " is set-uid, but the kernel ran it without the owner's privileges because it was traced or had "
             "no_new_privs; record as root for what it does with them");
}

void emit_chain(World& world, Tracee& tracee, ExecOp& op, const Walk& asked) {
  std::string script = asked.path;
  for (int depth = 0; depth < kMaxScripts; ++depth) {
    const std::string next = script_interpreter(reach(tracee.fs->view, script));
    if (next.empty()) break;
    Walk walk;
    walk.path = script;
    walk.error = lstat(reach(tracee.fs->view, script).c_str(), &walk.status) == 0 ? 0 : ENOENT;
    mapped_by_kernel(world, tracee, files::file_of(world, tracee, walk), false);
    script = walk_from_root(world, tracee, next).path;
    op.interpreter = script;
  }
  mapped_by_kernel(world, tracee, program_file(world, tracee), true);
  const std::string loader = elf_interpreter(proc_path(tracee.tid, "exe"));
  if (loader.empty()) return;
  const Walk walk = walk_from_root(world, tracee, loader);
  op.loader = walk.path;
  mapped_by_kernel(world, tracee, files::file_of(world, tracee, walk), true);
}

/// The same program asked for by the same path gives the same facts: nothing has to be looked at.
ActionKey repeat_key(const Tracee& tracee, std::uint32_t caller) {
  const Call& call = tracee.call;
  return {caller, what_of(Act::kOther, 3), call.path_key.low ^ mix(tracee.process->subject), call.path_key.high,
          tracee.process->exe};
}

}  // namespace

void take_exe(World& world, Tracee& tracee) {
  struct stat status {};
  std::string link = read_link(proc_path(tracee.tid, "exe")).value_or("");
  constexpr std::string_view kDeleted = " (deleted)";
  const bool marked = link.ends_with(kDeleted);
  const bool removed = marked && stat(proc_path(tracee.tid, "exe").c_str(), &status) == 0 && status.st_nlink == 0;
  if (removed) link.resize(link.size() - kDeleted.size());
  bool outside = false;
  tracee.process->exe = world.texts.intern(inside_view(tracee.fs->view, link, outside));
}

void happened(World& world, Tracee& tracee, bool launched, const std::string& launched_path) {
  if (tracee.files.use_count() > 1) tracee.files = std::make_shared<Files>(*tracee.files);  // exec unshares the table
  if (!launched) tracee.files->close_on_exec(tracee.tid);
  const std::uint32_t caller = tracee.process->subject;
  take_exe(world, tracee);
  tracee.process->credentials_stale = true;
  world.renew_subject(tracee);
  tracee.process->names =
      std::make_shared<const Names>(Names{world.credentials(tracee).comm, read_cmdline(tracee.tid)});
  if (launched) tracee.call.subject = tracee.process->subject;
  if (!world.full) return;
  const bool by_path = !launched && tracee.call.operand_count != 0 && tracee.call.operands[0].valid;
  const ActionKey repeat = repeat_key(tracee, caller);
  if (const ActionValue* seen = by_path ? world.actions.find(repeat) : nullptr)
    return world.ledger.bump(seen->usual, world.now_ms, true);
  Walk asked;
  if (launched) {
    asked = walk_from_root(world, tracee, launched_path);
  } else {
    asked = asked_for(world, tracee);
  }
  const ActionKey key{caller, what_of(Act::kOther, 2),
                      std::uint64_t{tracee.process->exe} << 32 | world.texts.intern(asked.path),
                      tracee.process->subject, 0};
  ActionValue& known = world.actions.insert(key);
  if (known.settled) {
    const FactIndex fact = known.usual;
    if (fact == kNoFact) return;
    world.ledger.bump(fact, world.now_ms, true);
    if (by_path) world.actions.insert(repeat).usual = fact;
    return;
  }
  known.settled = true;
  ExecOp op;
  op.path = asked.path;
  op.host_path = files::file_of(world, tracee, asked).host_path;
  op.setid = asked.error == 0 && is_set_id(reach(tracee.fs->view, asked.path), asked.status);
  note_dropped_privileges(world, tracee, op, asked.status);
  emit_chain(world, tracee, op, asked);
  if (launched) return;
  const FactIndex fact = world.emit_as(caller, tracee, std::move(op), {});
  world.actions.insert(key).usual = fact;
}

}  // namespace cordon::exec
