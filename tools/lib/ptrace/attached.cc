// The recorder attached to processes that run already.
#include <sys/ptrace.h>
#include <unistd.h>

#include "ptrace/attach.h"
#include "ptrace/files.h"
#include "ptrace/procfs.h"
#include "ptrace/recorder.h"

namespace cordon {
namespace {
constexpr std::int64_t kLookNanoseconds = 200'000'000;
}

Result<void> Recorder::start_attached() {
  plain_ = true;  // a filter cannot be put into a process from outside
  head_notes_.emplace_back("attached to running processes: watched by syscall stops; what they did before is unknown");
  for (const pid_t pid : options_.attach)
    if (const Result<void> held = hold_process(pid); !held) {
      let_go_all();
      return held.error();
    }
  while (hold_members() != 0) {  // until a round finds none that is not held
  }
  if (failure_ || world_.tracees.empty()) {
    let_go_all();
    return failure_ ? *failure_ : Error{ErrorCode::kBadInput, "no process is left to attach to", "", ""};
  }
  if (const Result<void> head = write_head(); !head) return head;
  for (const auto& [tid, tracee] : world_.tracees)
    if (tid == tracee->process->tgid) write_proc(*tracee);
  for (auto& [tid, tracee] : world_.tracees) ptrace(PTRACE_INTERRUPT, tid, 0, 0);
  if (options_.members) look_again_.start(kLookNanoseconds);
  return {};
}

/// Seizes all threads of a process and makes it known.
Result<void> Recorder::hold_process(pid_t pid) {
  const Result<std::vector<pid_t>> tasks = attach_all_tasks(pid, trace_options(options_.follow));
  if (!tasks) return tasks.error();
  auto process = std::make_shared<Process>();
  auto files = std::make_shared<Files>();
  auto fs = std::make_shared<FsState>();
  process->tgid = pid;
  process->tasks = static_cast<std::uint32_t>(tasks->size());
  for (const pid_t tid : *tasks) {
    Tracee& tracee = add_tracee(tid);
    tracee.attached = true;
    tracee.process = process;
    tracee.files = files;
    tracee.fs = fs;
  }
  Tracee& leader = *world_.tracees.at(tasks->front());
  files::renew_view(world_, leader);
  bool outside = false;
  process->exe = world_.texts.intern(inside_view(fs->view, read_link(proc_path(pid, "exe")).value_or(""), outside));
  process->parent = world_.credentials(leader).parent;
  world_.renew_subject(leader);
  for (const int fd : numbered_entries(proc_path(pid, "fd"))) files->mark_inherited(fd);
  if (program_.empty()) program_ = world_.texts.text(process->exe);
  return {};
}

/// Holds the members of the group (of -p: the children) that nobody holds yet; how many there were. Children of held
/// tasks are traced from their start, and one that ended meanwhile is none.
std::size_t Recorder::hold_members() {
  std::size_t fresh = 0;
  const bool family = !options_.members;  // of -p: its children, as far as we may
  std::vector<pid_t> present;
  if (!family)
    present = options_.members();
  else if (options_.follow)
    present = descendants_of(options_.attach);
  for (const pid_t pid : present) {
    if (pid == getpid() || world_.tracees.count(pid) != 0) continue;
    const Credentials status = read_credentials(pid);
    if (!status.known || status.tracer == getpid() || refused_.count(pid) != 0 || is_zombie(pid)) continue;
    const Result<void> held = hold_process(pid);
    if (!held && (held.error().what == "no such process" || is_zombie(pid))) continue;
    if (!held) {
      const std::string what = "process " + std::to_string(pid) + " is not in here: " + held.error().what;
      if (head_written_)
        world_.note(what);
      else if (family)
        head_notes_.push_back(what);
      else
        failure_ = held.error();
      refused_.insert(pid);
      continue;
    }
    ++fresh;
    if (!head_written_) continue;
    write_proc(*world_.tracees.at(pid));
    for (auto& [tid, tracee] : world_.tracees)
      if (tracee->process != nullptr && tracee->process->tgid == pid) ptrace(PTRACE_INTERRUPT, tid, 0, 0);
  }
  return fresh;
}

}  // namespace cordon
