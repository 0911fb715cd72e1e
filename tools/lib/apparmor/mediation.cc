// What the kernel asks AppArmor about files, and under which name.
#include <array>

#include "apparmor/translate.h"

namespace cordon::apparmor {
namespace {

struct PermRow {
  FilePerm perm;
  FileLetters letters;
};
/// open for writing with O_APPEND asks for append alone; create, delete, chmod and chown hang on 'w' in the compiled
/// form; a rename reads and writes the old name. getattr, readlink, search and watch are never refused.
constexpr auto kPermRows = std::to_array<PermRow>({
    {FilePerm::kRead, kR},
    {FilePerm::kWrite, kW},
    {FilePerm::kAppend, kA},
    {FilePerm::kCreate, kW},
    {FilePerm::kTruncate, kW},
    {FilePerm::kUnlink, kW},
    {FilePerm::kRenameFrom, kR | kW},
    {FilePerm::kRenameTo, kW},
    {FilePerm::kSymlink, kW},
    {FilePerm::kMap, kR},
    {FilePerm::kMapExec, kM},
    {FilePerm::kLock, kK},
    {FilePerm::kSetattr, kW},
    {FilePerm::kList, kR},
    {FilePerm::kConnect, kR | kW},
    {FilePerm::kExec, kX},
    {FilePerm::kOpenCreate, kW},
});

}  // namespace

FileLetters letters_for(const FileOp& op) {
  FileLetters letters = 0;
  for (const PermRow& row : kPermRows)
    if (op.perms.has(row.perm)) letters |= row.letters;
  // A mount on a directory or a change of root is held by mount rules and capabilities, not by file rules.
  return letters;
}

std::string mediated_name(const FileOp& op) {
  const bool directory =
      op.kind == FileKind::kDirectory || (op.kind == FileKind::kUnknown && op.perms.has(FilePerm::kList));
  if (!directory || op.path.empty() || op.path.back() == '/') return op.path;
  return op.path + "/";
}

bool path_mediated(const FileOp& op) {
  switch (op.kind) {
    case FileKind::kMemfd:
    case FileKind::kAnonInode: return false;
    case FileKind::kFifo:
    case FileKind::kSocket: return op.path.starts_with('/');
    default: return true;
  }
}

}  // namespace cordon::apparmor
