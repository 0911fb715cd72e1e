// The recorder at ptrace events: new tasks, execs, group stops, signals.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>

#include <linux/sched.h>

#include "kernel/names.h"
#include "ptrace/exec.h"
#include "ptrace/files.h"
#include "ptrace/recorder.h"

namespace cordon {
namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

bool is_stopping(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

unsigned long event_message(pid_t tid) {
  unsigned long message = 0;
  return ptrace(PTRACE_GETEVENTMSG, tid, 0, &message) == 0 ? message : 0;
}

/// The flags of the call that makes a task: fork shares nothing, a clone what it was told to.
std::uint64_t sharing_of(const Tracee& parent, int event) {
  const Call& call = parent.call;
  const bool known = call.row != nullptr && (call.row->name == "clone" || call.row->name == "clone3");
  if (known && !parent.launching) return call.scratch[0];
  return event == PTRACE_EVENT_CLONE ? CLONE_THREAD | CLONE_FILES | CLONE_FS : 0;
}

}  // namespace

Tracee& Recorder::add_tracee(pid_t tid) {
  std::unique_ptr<Tracee>& slot = world_.tracees[tid];
  slot = std::make_unique<Tracee>();
  slot->tid = tid;
  if (options_.progress != nullptr)
    options_.progress->processes.store(static_cast<std::uint32_t>(world_.tracees.size()));
  return *slot;
}

void Recorder::resume(Tracee& tracee, int signal) {
  if (tracee.detach_wanted) {
    if (let_go(tracee, signal)) return;
  }
  const bool plain = plain_ || (tracee.process != nullptr && tracee.process->plain_stops);
  const bool watch = tracee.in_call || (plain && !tracee.launching);
  ptrace(watch ? PTRACE_SYSCALL : PTRACE_CONT, tracee.tid, 0,
         signal);  // ESRCH: it was killed; its end is reported next
}

void Recorder::on_stop(Tracee& tracee, int status) {
  const int signal = WSTOPSIG(status);
  switch (status >> 16) {
    case PTRACE_EVENT_SECCOMP: return on_call_stop(tracee, true);
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE: return on_new_task(tracee, status >> 16);
    case PTRACE_EVENT_EXEC:
      if (Tracee* now = on_exec(tracee.tid)) resume(*now);
      return;
    case PTRACE_EVENT_EXIT: return on_exit_stop(tracee);
    case PTRACE_EVENT_STOP: return on_group_event(tracee, signal);
    case 0: break;
    default: return resume(tracee);
  }
  if (signal == kSyscallStop) return on_call_stop(tracee, false);
  resume(tracee, signal);  // signal-delivery stop: handed on untouched
}

/// A group stop is waited out with PTRACE_LISTEN, so that job control works as if nobody were watching.
void Recorder::on_group_event(Tracee& tracee, int signal) {
  if (!is_stopping(signal)) return resume(tracee);
  if (tracee.detach_wanted && let_go(tracee, 0)) return;
  ptrace(PTRACE_LISTEN, tracee.tid, 0, 0);
}

void Recorder::on_first_sight(pid_t tid, int status) {
  Tracee& child = add_tracee(tid);
  child.stopped_early = true;
  child.early_status = status;
}

void Recorder::on_new_task(Tracee& parent, int event) {
  const auto tid = static_cast<pid_t>(event_message(parent.tid));
  const std::uint64_t flags = sharing_of(parent, event);
  if (tid > 0) {
    const auto known = world_.tracees.find(tid);
    Tracee& child = known == world_.tracees.end() ? add_tracee(tid) : *known->second;
    link(parent, child, flags);
    last_ = nullptr;
    if (child.stopped_early) {
      child.stopped_early = false;
      on_stop(child, child.early_status);
    }
    succeeded(parent, tid);
  }
  resume(parent);
}

void Recorder::link(Tracee& parent, Tracee& child, std::uint64_t clone_flags) {
  const bool thread = (clone_flags & CLONE_THREAD) != 0;
  child.attached = parent.attached;
  child.launching = parent.launching;
  child.pinned = parent.pinned;
  child.leave_alone = parent.leave_alone;
  child.affinity = parent.affinity;
  child.files = (clone_flags & CLONE_FILES) != 0 ? parent.files : std::make_shared<Files>(*parent.files);
  child.fs = (clone_flags & CLONE_FS) != 0 ? parent.fs : std::make_shared<FsState>(*parent.fs);
  if (thread) {
    child.process = parent.process;
    ++child.process->tasks;
    return;
  }
  child.process = std::make_shared<Process>(*parent.process);
  child.process->tgid = child.tid;
  child.process->parent = parent.process->tgid;
  child.process->tasks = 1;
  constexpr std::uint64_t kNewView = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID;
  if ((clone_flags & kNewView) != 0) child.view_stale = true;
  if (!child.launching) write_proc(child);
}

/// New tasks whose parent died before it could tell of them: /proc says who they are.
void Recorder::adopt_orphans() {
  for (auto& [tid, tracee] : world_.tracees) {
    if (!tracee->stopped_early || tracee->process != nullptr) continue;
    const Credentials status = read_credentials(tid);
    const auto leader = world_.tracees.find(status.tgid);
    const auto parent = world_.tracees.find(status.parent);
    Tracee* from = nullptr;
    if (leader != world_.tracees.end() && status.tgid != tid)
      from = leader->second.get();
    else if (parent != world_.tracees.end())
      from = parent->second.get();
    const bool thread = from != nullptr && from->tid == status.tgid;
    if (from != nullptr && from->process != nullptr) {
      link(*from, *tracee, thread ? CLONE_THREAD | CLONE_FILES | CLONE_FS : 0);
    } else {
      tracee->files = std::make_shared<Files>();
      tracee->fs = std::make_shared<FsState>();
      tracee->process = std::make_shared<Process>();
      tracee->process->tgid = status.tgid;
      tracee->process->tasks = 1;
      files::renew_view(world_, *tracee);
      tracee->process->exe = world_.texts.intern(read_link(proc_path(tid, "exe")).value_or(""));
      world_.renew_subject(*tracee);
      write_proc(*tracee);
    }
    tracee->stopped_early = false;
    on_stop(*tracee, tracee->early_status);
    return adopt_orphans();  // the table may have changed
  }
}

/// An exec from a thread that is not the leader: it takes the leader's id, and all others are gone.
Tracee* Recorder::on_exec(pid_t tid) {
  const auto former = static_cast<pid_t>(event_message(tid));
  last_ = nullptr;
  forget_memory(tid);
  if (former != 0 && former != tid) {
    forget_memory(former);
    const auto moved = world_.tracees.find(former);
    if (moved != world_.tracees.end()) {
      std::unique_ptr<Tracee> task = std::move(moved->second);
      world_.tracees.erase(moved);
      task->tid = tid;
      task->awaited = false;  // it is listed by its former id
      std::unique_ptr<Tracee>& leader = world_.tracees[tid];
      if (leader != nullptr) unfinished(*leader);
      leader = std::move(task);
    }
  }
  const auto found = world_.tracees.find(tid);
  if (found == world_.tracees.end()) return nullptr;
  Tracee& tracee = *found->second;
  tracee.process->tasks = 1;
  const bool launched = tracee.launching;
  if (launched) on_launched(tracee);
  exec::happened(world_, tracee, launched, program_);
  if (launched) {
    Call& call = tracee.call;
    call.arch = native_arch();
    call.number = 0;
    SyscallOp op;
    op.arch = call.arch;
    op.name = "execve";
    world_.emit(tracee, std::move(op), {});
  }
  write_proc(tracee);
  succeeded(tracee, 0);
  return &tracee;
}

/// The command runs: from here on everything is its doing.
void Recorder::on_launched(Tracee& tracee) {
  tracee.launching = false;
  const LaunchReport report = launch_.report();
  if (!plain_ && report.filter_error != 0) {
    plain_ = true;
    head_notes_.push_back("no seccomp filter could be installed (" + errno_name(report.filter_error) +
                          "): watched by syscall stops, which is slower");
  }
  if (report.no_new_privs != 0)
    head_notes_.push_back(
        "no_new_privs was set, which an unprivileged seccomp filter needs: set-uid programs gain nothing");
  files::renew_view(world_, tracee);
  for (const int fd : numbered_entries(proc_path(tracee.tid, "fd"))) tracee.files->mark_inherited(fd);
  for (unsigned fd = 0; fd < 3; ++fd) {
    struct stat status {};
    if (stat(proc_path(tracee.tid, "fd/" + std::to_string(fd)).c_str(), &status) == 0)
      world_.standard_streams[fd] = {status.st_dev, status.st_ino};
  }
  if (const Result<void> head = write_head(); !head) world_.ledger.fail(head.error());
}

void Recorder::write_proc(Tracee& tracee) {
  Proc proc;
  proc.pid = tracee.process->tgid;
  proc.parent = tracee.process->parent;
  proc.exe = world_.texts.text(tracee.process->exe);
  std::shared_ptr<const Names>& names = tracee.process->names;
  if (names == nullptr) names = std::make_shared<const Names>(Names{read_comm(tracee.tid), read_cmdline(tracee.tid)});
  proc.comm = names->comm;
  proc.argv = names->argv;
  proc.uid = world_.credentials(tracee).uid[0];
  proc.started_ms = world_.now_ms;
  if (const Result<void> written = world_.sink.on_proc(proc); !written) world_.ledger.fail(written.error());
}

}  // namespace cordon
