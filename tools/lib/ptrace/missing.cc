#include "ptrace/missing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "ptrace/descriptors.h"

namespace cordon::files {

bool may_stay_missing(const Tracee& tracee) {
  const Call& call = tracee.call;
  const Operand& operand = call.operands[0];
  const PathView& view = tracee.fs->view;
  return error_of(call) == ENOENT && operand.walk.error == ENOENT && call.operand_count == 1 && !view.foreign &&
         view.root == "/" && (call.open_flags & O_CREAT) == 0 && !access_row(operand.access).look_before &&
         !operand.walk.path.starts_with("/proc/");
}

bool is_missing(World& world, Tracee& tracee) {
  const Operand& operand = tracee.call.operands[0];
  std::string& path = tracee.call.text;
  path.clear();
  if (!operand.path.starts_with('/')) path = world.texts.text(operand.base) + '/';
  path += operand.path;
  struct stat status {};
  return fstatat(AT_FDCWD, path.c_str(), &status, operand.follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

}  // namespace cordon::files
