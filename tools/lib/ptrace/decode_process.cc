// Processes: making them, signalling them, tracing them, limiting them.
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/names.h"
#include "ptrace/decode.h"
#include "ptrace/files.h"
#include "ptrace/memory.h"

namespace cordon::decode {
namespace {

bool narrow_words(Arch arch) { return arch == Arch::kI386 || arch == Arch::kArm; }

void namespaces_at_exit(Tracee& tracee, NamespaceAct act, std::uint64_t flags) {
  for (std::string& kind : namespace_kinds(flags)) {
    NamespaceOp op;
    op.act = act;
    op.kind = std::move(kind);
    at_exit(tracee, std::move(op));
  }
}

void note_untraced(World& world) {
  world.note("CLONE_UNTRACED was cleared from a clone call, so that the child is recorded too");
}

/// The other side of a signal or a ptrace call.
struct Peer {
  std::string exe;
  bool ours = false;
  const Tracee* tracee = nullptr;
};

Peer peer_of(World& world, pid_t pid) {
  Peer peer;
  if (const auto found = world.tracees.find(pid); found != world.tracees.end()) {
    peer.tracee = found->second.get();
    peer.ours = true;
    if (peer.tracee->process) peer.exe = world.texts.text(peer.tracee->process->exe);
    return peer;
  }
  peer.exe = read_link(proc_path(pid, "exe")).value_or("");
  return peer;
}

/// Zero and negative ids are process groups, which this recording's command belongs to.
Peer signal_target(World& world, const Tracee& tracee, std::int32_t pid) {
  if (pid > 0) return peer_of(world, pid);
  Peer peer;
  peer.exe = world.texts.text(tracee.process->exe);
  peer.ours = true;
  return peer;
}

bool signal_to(World& world, Tracee& tracee, std::int32_t pid, int signal) {
  const Peer peer = signal_target(world, tracee, pid);
  const TextId exe = world.texts.intern(peer.exe);
  const std::uint64_t who = std::uint64_t{exe} << 1 | (peer.ours ? 1 : 0);
  const ActionKey key{tracee.call.subject, what_of(Act::kSignal, static_cast<std::uint32_t>(signal) & 0xff), who, 0, 0};
  if (!world.wants_result(key)) return false;
  SignalOp op;
  op.signal = signal_name(signal);
  op.peer = peer.exe;
  op.same_program = peer.ours;
  tracee.call.pending.push_back({key, op});
  if (peer.tracee == nullptr || peer.tracee->process == nullptr || peer.tracee->process->exe == tracee.process->exe)
    return true;
  op.direction = Direction::kReceive;
  op.peer = world.texts.text(tracee.process->exe);
  ActionKey other = key;
  other.subject = peer.tracee->process->subject;
  other.what = what_of(Act::kSignal, 0x100 | (static_cast<std::uint32_t>(signal) & 0xff));
  tracee.call.pending.push_back({other, std::move(op)});
  return true;
}

void ptrace_at_exit(World& world, Tracee& tracee, PtraceAct act, pid_t pid) {
  const Peer peer = peer_of(world, pid);
  PtraceOp op;
  op.act = act;
  op.peer = peer.exe;
  op.same_program = peer.ours;
  at_exit(tracee, std::move(op));
}

struct Limits {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// struct rlimit in the caller's words; 32-bit callers of setrlimit have 32-bit ones, of prlimit64 64-bit ones.
bool read_limits(const Tracee& tracee, std::uint64_t at, bool narrow, Limits& limits) {
  if (!narrow) return read_object(tracee.tid, at, limits);
  std::uint32_t words[2]{};
  if (!read_object(tracee.tid, at, words)) return false;
  const auto widen = [](std::uint32_t word) { return word == 0xffffffff ? ~std::uint64_t{0} : word; };
  limits = {widen(words[0]), widen(words[1])};
  return true;
}

bool limit_at_exit(Tracee& tracee, pid_t pid, std::uint64_t resource, std::uint64_t at, bool narrow) {
  Limits limits;
  if (at == 0 || !read_limits(tracee, at, narrow, limits)) return false;
  rlimit present{};
  const bool known = prlimit(pid, static_cast<__rlimit_resource>(resource), nullptr, &present) == 0;
  RlimitOp op;
  op.resource = rlimit_name(static_cast<unsigned>(resource));
  op.value = limits.hard;
  op.raises_hard = known && limits.hard > present.rlim_max;
  if (op.raises_hard) {
    CapabilityOp capability;
    capability.name = "sys_resource";
    capability.because = "raising the hard limit of " + op.resource;
    at_exit(tracee, std::move(capability));
  }
  at_exit(tracee, std::move(op));
  return true;
}

}  // namespace

bool clone_entry(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  namespaces_at_exit(tracee, NamespaceAct::kCreate, call.args[0] & kCloneNamespaceMask);
  call.scratch[0] = call.args[0];
  if ((call.args[0] & CLONE_UNTRACED) == 0) return true;
  if (abi::set_argument(tracee.tid, call.arch, 0, call.args[0] & ~std::uint64_t{CLONE_UNTRACED})) note_untraced(world);
  tracee.restore_clone_flags = call.args[0];
  return true;
}

bool clone3_entry(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  std::uint64_t flags = 0;  // struct clone_args begins with them
  if (!read_object(tracee.tid, call.args[0], flags)) return true;
  call.scratch[0] = flags;
  namespaces_at_exit(tracee, NamespaceAct::kCreate, flags);
  if ((flags & CLONE_UNTRACED) == 0) return true;
  const std::uint64_t cleared = flags & ~std::uint64_t{CLONE_UNTRACED};
  if (write_memory(tracee.tid, call.args[0], &cleared, sizeof cleared)) note_untraced(world);
  tracee.restore_clone_flags = flags;
  return true;
}

bool unshare_entry(World&, Tracee& tracee) {
  namespaces_at_exit(tracee, NamespaceAct::kCreate, tracee.call.args[0]);
  return true;
}

bool setns_entry(World& world, Tracee& tracee) {
  const std::uint64_t type = tracee.call.args[1] & 0xffffffff;
  namespaces_at_exit(tracee, NamespaceAct::kEnter, type);
  if (type != 0) return true;
  // The descriptor says which kind it is: its link reads "mnt:[4026531841]".
  const FdEntry* entry = files::descriptor(world, tracee, static_cast<int>(tracee.call.args[0]));
  NamespaceOp op;
  op.act = NamespaceAct::kEnter;
  const std::string& link = world.texts.text(world.objects[entry->object].path);
  op.kind = link == "mnt" ? "mount" : link;
  if (!op.kind.empty() && !op.kind.starts_with('/')) at_exit(tracee, std::move(op));
  return true;
}

bool kill_entry(World& world, Tracee& tracee) {
  return signal_to(world, tracee, static_cast<std::int32_t>(tracee.call.args[0]),
                   static_cast<int>(tracee.call.args[1]));
}

bool tgkill_entry(World& world, Tracee& tracee) {
  return signal_to(world, tracee, static_cast<std::int32_t>(tracee.call.args[1]),
                   static_cast<int>(tracee.call.args[2]));
}

bool pidfd_signal_entry(World& world, Tracee& tracee) {
  // fdinfo's "Pid:" line names the target, in our own pid namespace.
  const std::string path = proc_path(tracee.tid, "fdinfo/" + std::to_string(static_cast<int>(tracee.call.args[0])));
  const Result<std::string> info = read_file(path, 4096);
  if (!info) return true;
  const std::size_t at = info->find("Pid:");
  if (at == std::string::npos) return true;
  const std::string_view line = std::string_view(*info).substr(at + 4);
  const auto pid = parse_number<pid_t>(trim(line.substr(0, line.find('\n'))));
  return !pid || signal_to(world, tracee, *pid, static_cast<int>(tracee.call.args[1]));
}

bool ptrace_entry(World& world, Tracee& tracee) {
  constexpr std::uint64_t kTraceme = 0;
  constexpr std::uint64_t kAttach = 16;
  constexpr std::uint64_t kSeize = 0x4206;
  const std::uint64_t request = tracee.call.args[0] & 0xffffffff;
  if (request == kTraceme) ptrace_at_exit(world, tracee, PtraceAct::kTracedBy, tracee.process->parent);
  if (request == kAttach || request == kSeize)
    ptrace_at_exit(world, tracee, PtraceAct::kTrace, static_cast<pid_t>(tracee.call.args[1]));
  if (request == kTraceme || request == kAttach || request == kSeize)
    world.note(
        "a traced program used ptrace, which fails under the ptrace engine: only one tracer at a time; "
        "--engine notify leaves ptrace free");
  return true;
}

bool peer_memory_entry(World& world, Tracee& tracee) {
  const bool writes = tracee.call.row->name == "process_vm_writev";
  ptrace_at_exit(world, tracee, writes ? PtraceAct::kTrace : PtraceAct::kRead, static_cast<pid_t>(tracee.call.args[0]));
  return true;
}

bool setrlimit_entry(World&, Tracee& tracee) {
  const Call& call = tracee.call;
  return limit_at_exit(tracee, tracee.tid, call.args[0] & 0xffffffff, call.args[1], narrow_words(call.arch));
}

bool prlimit_entry(World&, Tracee& tracee) {
  const Call& call = tracee.call;
  const auto pid = static_cast<pid_t>(call.args[0]);
  return limit_at_exit(tracee, pid == 0 ? tracee.tid : pid, call.args[1] & 0xffffffff, call.args[2], false);
}

bool prctl_entry(World& world, Tracee& tracee) {
  const std::uint64_t option = tracee.call.args[0] & 0xffffffff;
  if (option == PR_SET_DUMPABLE && tracee.call.args[1] == 0 && geteuid() != 0)
    world.note(world.texts.text(tracee.process->exe) +
               " made itself undumpable: without CAP_SYS_PTRACE its paths could not be read from there on");
  return option == PR_SET_SECCOMP;
}

bool always_exit(World&, Tracee&) { return true; }

}  // namespace cordon::decode
