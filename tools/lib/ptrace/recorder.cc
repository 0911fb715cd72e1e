#include "ptrace/recorder.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "ptrace/attach.h"
#include "ptrace/files.h"
#include "ptrace/filter.h"
#include "ptrace/head.h"
#include "ptrace/in_place.h"
#include "ptrace/procfs.h"
#include "ptrace/signals.h"

namespace cordon {
namespace {

constexpr int kSeccompStop = (PTRACE_EVENT_SECCOMP << 16) | (SIGTRAP << 8) | 0x7f;

constexpr std::size_t kCrowd = 12;  // tasks from which on fairness is worth a look at who else has stopped
constexpr std::size_t kMostTurns = 65536;

}  // namespace

Result<RecordOutcome> Recorder::run() {
  world_.now_ms = now_in_ms();
  keep_memories_open();
  const bool attaching = options_.attaches();
  if (const Result<void> started = attaching ? start_attached() : start_command(); !started) return started.error();
  if (options_.stop != nullptr) options_.stop->arm(gettid());
  wait_for_all();
  if (options_.stop != nullptr) options_.stop->disarm();
  return finish();
}

Result<void> Recorder::start_command() {
  Result<std::string> program = Launch::find_program(options_.argv.empty() ? "" : options_.argv[0]);
  if (!program) return program.error();
  program_ = *program;
  plain_ = !options_.follow;  // a filter would be inherited by children that nobody traces
  std::vector<sock_filter> filter;
  if (!plain_)
    filter =
        recorder_filter(FilterAction::kTrace, options_.in_place ? without_exit_group(options_.known) : options_.known);
  Result<pid_t> child = launch_.start(options_, program_, std::move(filter));
  if (!child) return child.error();
  root_ = *child;
  if (options_.in_place) leave_the_command_alone();
  const unsigned wanted =
      trace_options(options_.follow) | PTRACE_O_EXITKILL | (options_.in_place ? PTRACE_O_TRACEEXIT : 0);
  if (ptrace(PTRACE_SEIZE, root_, 0, wanted) != 0) {
    Error error = explain_refusal(errno, root_, true);
    if (options_.in_place) return error;  // its pipe is closed with us, and it ends
    launch_.abandon();
    waitpid(root_, nullptr, 0);
    return error;
  }
  Tracee& tracee = add_tracee(root_);
  tracee.launching = true;
  tracee.files = std::make_shared<Files>();
  tracee.fs = std::make_shared<FsState>();
  tracee.process = std::make_shared<Process>();
  tracee.process->tgid = root_;
  tracee.process->parent = options_.in_place ? read_credentials(root_).parent : getpid();
  tracee.process->tasks = 1;
  if (options_.progress != nullptr) options_.progress->root.store(root_);
  if (!options_.follow) head_notes_.emplace_back("children were not followed");
  launch_.go();
  return {};
}

void Recorder::wait_for_all() {
  const SignalForwarder forwarder(options_.forward_signals && !options_.in_place, root_, options_.stop);
  const QuietStops quiet;
  while (!finished_) {
    int status = 0;
    const pid_t tid = wait4(-1, &status, __WALL | __WNOTHREAD, nullptr);
    if (tid < 0) {
      if (errno != EINTR) return;  // ECHILD: the last one has ended
      world_.now_ms = now_in_ms();
      if (!awaited_.empty()) write_awaited();
      check_stop();
      colocator_.ticked();
      if (options_.members && !detaching_) hold_members();
      continue;
    }
    world_.now_ms = now_in_ms();
    dispatch(tid, status);
    if (world_.tracees.size() > kCrowd) take_turns();
    if (!awaited_.empty() && world_.now_ms > awaited_since_ms_ + 1) write_awaited();  // too busy for ticks
    if ((stops_ & 1023) == 0 && options_.progress != nullptr) options_.progress->stops.store(stops_);
    if (world_.ledger.error() && !killing_) kill_all();
    if (options_.stop != nullptr && options_.stop->requested()) check_stop();
    if (world_.tracees.empty() && options_.attaches()) return;
  }
}

void Recorder::dispatch(pid_t tid, int status) {
  if (status == kSeccompStop && last_ != nullptr && last_->tid == tid) {
    on_call_stop(*last_, true);
  } else {
    handle(tid, status);
  }
}

/// waitpid prefers the newest task: among many, those that stop often would starve the others. So all that are stopped
/// now are taken before any of them goes on.
void Recorder::take_turns() {
  turns_.clear();
  int status = 0;
  pid_t tid = 0;
  while (turns_.size() < kMostTurns && (tid = wait4(-1, &status, __WALL | __WNOTHREAD | WNOHANG, nullptr)) > 0)
    turns_.emplace_back(tid, status);
  for (std::size_t i = 0; i < turns_.size() && !finished_; ++i) dispatch(turns_[i].first, turns_[i].second);
}

void Recorder::handle(pid_t tid, int status) {
  const auto found = world_.tracees.find(tid);
  Tracee* tracee = found == world_.tracees.end() ? nullptr : found->second.get();
  if (!WIFSTOPPED(status)) {
    if (tracee != nullptr) ended(*tracee, status);
    return;
  }
  if (tracee == nullptr) return on_first_sight(tid, status);
  if (tracee->stopped_early) return;  // already held
  last_ = tracee;
  if (tracee->view_stale && tracee->process != nullptr) {
    tracee->view_stale = false;
    files::renew_view(world_, *tracee);
  }
  on_stop(*tracee, status);
  if (world_.tracees.size() > options_.max_tracees && !killing_) {
    world_.note("more than " + std::to_string(options_.max_tracees) +
                " tasks at once: the recording was ended and all were killed");
    failure_ =
        Error{ErrorCode::kEnvironment,
              "the command forks without end: more than " + std::to_string(options_.max_tracees) + " tasks at once", "",
              "raise the limit with --max-tasks if that is what it does"};
    kill_all();
  }
}

void Recorder::ended(Tracee& tracee, int status) {
  const pid_t tid = tracee.tid;
  if (tid == root_) {
    if (WIFEXITED(status)) exit_code_ = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit_signal_ = WTERMSIG(status);
  }
  unfinished(tracee);
  if (tracee.process != nullptr && tracee.process->tasks != 0) --tracee.process->tasks;
  last_ = nullptr;
  forget_memory(tid);
  world_.tracees.erase(tid);
  if (options_.progress != nullptr)
    options_.progress->processes.store(static_cast<std::uint32_t>(world_.tracees.size()));
  adopt_orphans();
}

void Recorder::check_stop() {
  if (options_.stop == nullptr || !options_.stop->requested() || killing_) return;
  if (options_.attaches()) return let_go_all();
  const std::int64_t now = now_in_ms();
  if (!stopping_) {
    stopping_ = true;
    stop_deadline_ms_ = now + options_.grace_ms;
    const bool root_lives = world_.tracees.count(root_) != 0;
    for (const auto& [tid, tracee] : world_.tracees)
      if (!root_lives || tid == root_) kill(tid, SIGTERM);
    if (root_lives) kill(root_, SIGCONT);
  } else if (now >= stop_deadline_ms_) {
    kill_all();
  }
}

void Recorder::kill_all() {
  killing_ = true;
  finished_ = options_.in_place;  // PID 1 cannot be killed from within (pid_namespaces(7)), but by our end (EXITKILL)
  for (const auto& [tid, tracee] : world_.tracees)
    if (!tracee->attached) kill(tid, SIGKILL);
  if (options_.attaches()) let_go_all();
}

/// Attached tasks can be let go only while they are stopped: each is interrupted, and detached at its next stop.
void Recorder::let_go_all() {
  if (detaching_) return;
  detaching_ = true;
  for (auto& [tid, tracee] : world_.tracees) {
    tracee->detach_wanted = true;
    ptrace(PTRACE_INTERRUPT, tid, 0, 0);
  }
}

bool Recorder::let_go(Tracee& tracee, int signal) {
  const pid_t tid = tracee.tid;
  unfinished(tracee);
  if (ptrace(PTRACE_DETACH, tid, 0, signal) != 0) return false;
  last_ = nullptr;
  forget_memory(tid);
  world_.tracees.erase(tid);
  return true;
}

Result<void> Recorder::write_head() {
  Head head = make_head(options_, "ptrace", program_, !plain_);
  head.started_ms = world_.now_ms;
  head.notes.insert(head.notes.end(), head_notes_.begin(), head_notes_.end());
  head_written_ = true;
  return world_.sink.on_head(head);
}

/// What could not be read of the command's memory is lost: a path, an address, a flag.
void Recorder::count_refused() {
  const std::uint64_t reads = refused_reads() - refused_before_;
  if (reads == 0) return;
  world_.lost += reads;
  world_.note(counted(reads, "read") + " of the command's memory " + (reads == 1 ? "was" : "were") +
              " refused (process_vm_readv(2) and /proc/PID/mem): what those calls named is missing");
}

End Recorder::make_end() const {
  End end;
  end.lost = world_.lost;
  end.exit_code = exit_code_;
  end.exit_signal = exit_signal_;
  end.stopped_by_us = stopping_ || (options_.stop != nullptr && options_.stop->requested());
  end.ok = !failure_ && world_.lost == 0;
  end.ended_ms = now_in_ms();
  end.notes.assign(world_.notes.begin(), world_.notes.end());
  return end;
}

Result<RecordOutcome> Recorder::finish() {
  if (!head_written_) {
    const LaunchReport report = launch_.report();
    const bool missing = report.exec_error == ENOENT || report.exec_error == ENOTDIR;
    if (report.exec_error == 0)
      return Error{ErrorCode::kEnvironment, "the command ended before it was started", program_, ""};
    Error error = errno_error(report.exec_error, missing ? "no such command" : "not executable", program_);
    error.code = ErrorCode::kBadInput;
    if (missing) error.hint = "the file is there, but its interpreter may not be";
    return error;
  }
  world_.ledger.flush_tallies();
  count_refused();
  RecordOutcome outcome;
  outcome.end = make_end();
  outcome.engine = "ptrace";
  outcome.stops = stops_;
  outcome.facts = world_.ledger.size();
  if (options_.progress != nullptr) options_.progress->stops.store(stops_);
  if (world_.ledger.error()) return *world_.ledger.error();
  if (const Result<void> ended = world_.sink.on_end(outcome.end); !ended) return ended.error();
  if (failure_) return *failure_;
  return outcome;
}

}  // namespace cordon
