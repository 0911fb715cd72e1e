// Mounts: what was mounted where, as mount(8) would say it.
#include <sys/mount.h>

#include "kernel/names.h"
#include "ptrace/decode.h"
#include "ptrace/files.h"
#include "ptrace/memory.h"

namespace cordon::decode {
namespace {

constexpr std::uint64_t kPropagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

MountAct act_of(std::uint64_t flags) {
  if ((flags & MS_REMOUNT) != 0) return MountAct::kRemount;
  if ((flags & MS_BIND) != 0) return MountAct::kBind;
  if ((flags & kPropagation) != 0) return MountAct::kPropagation;
  if ((flags & MS_MOVE) != 0) return MountAct::kMove;
  return MountAct::kMount;
}

/// Where a path argument leads, in the task's view; the operand's text itself if it is no path (a device's name).
std::string resolved(World& world, Tracee& tracee, std::uint64_t address, bool is_path) {
  Operand operand;
  files::take_path(world, tracee, operand, -100, address);  // AT_FDCWD
  if (!operand.valid || !is_path || operand.path.empty()) return operand.path;
  files::walk(world, tracee, operand);
  return operand.walk.path;
}

}  // namespace

bool mount_entry(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  MountOp op;
  std::string text;
  const std::uint64_t flags = call.args[3];
  op.act = act_of(flags);
  const bool source_is_path = op.act == MountAct::kBind || op.act == MountAct::kMove;
  read_string(tracee.tid, call.args[0], text);
  op.source = resolved(world, tracee, call.args[0], source_is_path || text.starts_with('/'));
  op.target = resolved(world, tracee, call.args[1], true);
  if (op.act == MountAct::kMount) read_string(tracee.tid, call.args[2], op.fstype);
  if (op.act == MountAct::kMount || op.act == MountAct::kRemount) read_string(tracee.tid, call.args[4], op.data);
  op.flags = mount_flag_words(flags);
  at_exit(tracee, std::move(op));
  return true;
}

bool umount_entry(World& world, Tracee& tracee) {
  MountOp op;
  op.act = MountAct::kUmount;
  op.target = resolved(world, tracee, tracee.call.args[0], true);
  at_exit(tracee, std::move(op));
  return true;
}

bool pivot_root_entry(World& world, Tracee& tracee) {
  MountOp op;
  op.act = MountAct::kPivotRoot;
  op.source = resolved(world, tracee, tracee.call.args[1], true);  // put_old
  op.target = resolved(world, tracee, tracee.call.args[0], true);  // the new root
  at_exit(tracee, std::move(op));
  return true;
}

bool move_mount_entry(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  MountOp op;
  op.act = MountAct::kMove;
  Operand to;
  files::take_path(world, tracee, to, static_cast<int>(call.args[2]), call.args[3]);
  if (to.valid && !to.path.empty()) {
    files::walk(world, tracee, to);
    op.target = to.walk.path;
  }
  at_exit(tracee, std::move(op));
  return true;
}

}  // namespace cordon::decode
