#include "ptrace/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/own_profile.h"
#include "base/text.h"
#include "kernel/names.h"
#include "ptrace/exec.h"
#include "ptrace/files.h"
#include "ptrace/filter.h"
#include "ptrace/head.h"
#include "ptrace/launch.h"
#include "ptrace/signals.h"
#include "ptrace/special.h"
#include "ptrace/syscall_fact.h"
#include "ptrace/ticker.h"

namespace cordon {
namespace {

// linux/seccomp.h, newer than some headers: 5.19 and 6.6.
constexpr unsigned kWaitKillable = 1u << 5;
constexpr unsigned long kSetFlags = SECCOMP_IOW(4, std::uint64_t);
constexpr std::uint64_t kSyncWakeUp = 1;

constexpr std::int64_t kTick = 100'000'000;  // how often a wait looks whether all have ended
constexpr int kNotRun = 127;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

struct NotifyRecorder::Shared {
  volatile std::int32_t listener;  ///< descriptor number + 1, or -errno of installing the filter
  volatile std::int32_t exec_error;
  volatile std::int32_t no_new_privs;
  volatile std::int32_t launching;  ///< from here on there may be a child
  volatile std::int32_t given_up;   ///< the recorder lives, and can watch no longer
  seccomp_notif in_hand;  ///< written by the kernel, so that no kill comes between taking a call up and noting it here
};

/// Lives as long as the recording, from before there is anything to record: if the recorder is killed, it ends every
/// task that then makes a call, which would otherwise go on with nothing but ENOSYS, or wait for an answer for ever
/// while something holds the listener. It shares the recorder's descriptor table, as the child does until its execve,
/// and so has the listener wherever the recorder was killed.
struct NotifyRecorder::Guardian {
  static constexpr int kWake = SIGUSR1;      // sent by the kernel when the recorder ends
  static constexpr int kLaunchWait = 2'000;  // milliseconds, for a child between its start and its filter
  const Shared& shared;
  pid_t recorder;

  [[noreturn]] void watch() const;
  [[noreturn]] void end_all() const;
  int listener() const;
};

void NotifyRecorder::Guardian::watch() const {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_NAME, "cordon-guard", 0, 0, 0);
  if (prctl(PR_SET_PDEATHSIG, kWake, 0, 0, 0) != 0) _exit(kNotRun);
  while (getppid() == recorder && shared.given_up == 0) sigwaitinfo(&all, nullptr);
  end_all();
}

/// What the recorder had in hand is not told again: its task would wait for ever.
void NotifyRecorder::Guardian::end_all() const {
  const int fd = listener();
  std::uint64_t id = shared.in_hand.id;
  if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0) kill(static_cast<pid_t>(shared.in_hand.pid), SIGKILL);
  while (true) {
    pollfd wait{fd, POLLIN, 0};
    if (poll(&wait, 1, -1) < 0 && errno == EINTR) continue;
    if ((wait.revents & POLLIN) == 0) _exit(0);
    seccomp_notif request{};
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0) kill(static_cast<pid_t>(request.pid), SIGKILL);
  }
}

int NotifyRecorder::Guardian::listener() const {
  for (int waited = 0; shared.launching != 0 && shared.listener == 0 && waited < kLaunchWait; ++waited) usleep(1000);
  if (shared.listener <= 0) _exit(0);  // no filter, so nothing that waits
  return shared.listener - 1;
}

NotifyRecorder::NotifyRecorder(const RecordOptions& options, FactSink& sink)
    : options_(options), world_(options, sink) {
  world_.full = false;
  world_.source = "notify";
}

NotifyRecorder::~NotifyRecorder() {
  if (shared_ != nullptr && shared_->given_up == 0) dismiss_guardian();
  if (shared_ != nullptr && shared_->given_up != 0) (void)listener_.release();  // it is the guardian's too
  if (shared_ != nullptr) munmap(shared_, sizeof *shared_);
}

Result<RecordOutcome> NotifyRecorder::run() {
  if (options_.detail == Detail::kFull)
    return Error{ErrorCode::kUsage, "the notify engine sees no results and no paths", "--detail full",
                 "--detail args, or --engine ptrace"};
  world_.now_ms = now_in_ms();
  if (const Result<void> started = start(); !started) return started.error();
  listen();
  return finish();
}

/// The child shares our descriptor table until its execve, so the listener that it makes is ours too; once the filter
/// is in place it may not make a call before we listen, so it speaks through a shared page.
Result<void> NotifyRecorder::start() {
  Result<std::string> program = Launch::find_program(options_.argv.empty() ? "" : options_.argv[0]);
  if (!program) return program.error();
  program_ = *program;
  void* page = mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno_error(errno, "cannot map memory");
  shared_ = static_cast<Shared*>(page);
  const std::vector<sock_filter> filter = recorder_filter(FilterAction::kNotify, options_.known);
  const std::vector<char*> argv = pointers(options_.argv);
  const std::vector<char*> given = pointers(options_.environment);
  char* const* environment = options_.environment.empty() ? environ : given.data();
  const OwnProfile profile;
  if (const Result<void> guarded = start_guardian(); !guarded) return guarded;
  shared_->launching = 1;
  const long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) return errno_error(errno, "cannot fork");
  if (child == 0) {
    bool no_new_privs = false;
    if (!profile.leave()) {
      shared_->listener = -errno;
      _exit(kNotRun);
    }
    int listener = install_filter(filter, SECCOMP_FILTER_FLAG_NEW_LISTENER | kWaitKillable, no_new_privs);
    if (listener == -EINVAL) listener = install_filter(filter, SECCOMP_FILTER_FLAG_NEW_LISTENER, no_new_privs);
    shared_->no_new_privs = no_new_privs ? 1 : 0;
    shared_->listener = listener < 0 ? listener : listener + 1;
    if (listener < 0) _exit(kNotRun);
    execve(program_.c_str(), argv.data(), environment);
    shared_->exec_error = errno;
    _exit(kNotRun);
  }
  root_ = static_cast<pid_t>(child);
  return wait_for_listener();
}

Result<void> NotifyRecorder::wait_for_listener() {
  while (shared_->listener == 0) {
    int status = 0;
    if (waitpid(root_, &status, WNOHANG) == root_ && shared_->listener == 0)
      return Error{ErrorCode::kEnvironment, "notify: the child ended before it could be watched", "", ""};
    usleep(200);
  }
  if (shared_->listener < 0) {
    const int error = -shared_->listener;
    waitpid(root_, nullptr, 0);
    return Error{ErrorCode::kEnvironment,
                 error == EBUSY ? "notify: another listener is in place already, and there can be but one"
                                : "notify: no listener can be installed (" + errno_name(error) + ")",
                 "", "--engine ptrace"};
  }
  no_new_privs_ = shared_->no_new_privs != 0;
  listener_.reset(shared_->listener - 1);
  ioctl(listener_.get(), kSetFlags, kSyncWakeUp);  // refused before 6.6: slower, no more
  if (options_.progress != nullptr) options_.progress->root.store(root_);
  return {};
}

Result<void> NotifyRecorder::start_guardian() {
  const Guardian guardian{*shared_, getpid()};
  const long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) return errno_error(errno, "cannot fork");
  if (child == 0) guardian.watch();
  guardian_ = static_cast<pid_t>(child);
  return {};
}

/// Nothing is left to guard.
void NotifyRecorder::dismiss_guardian() {
  if (guardian_ <= 0) return;
  kill(guardian_, SIGKILL);
  waitpid(guardian_, nullptr, 0);
  guardian_ = 0;
}

void NotifyRecorder::listen() {
  const SignalForwarder forwarder(options_.forward_signals, root_, options_.stop);
  if (options_.stop != nullptr) options_.stop->arm(gettid());
  Ticker ticker;
  ticker.start(kTick);
  seccomp_notif_resp answer{};
  seccomp_notif& request = shared_->in_hand;
  while (receive(request)) {
    ++stops_;
    world_.now_ms = now_in_ms();
    handle(request);
    answer.id = request.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (!reply(answer)) give_up(static_cast<pid_t>(request.pid));
    if (world_.ledger.error() && !root_status_) kill(root_, SIGKILL);
    if ((stops_ & 1023) == 0 && options_.progress != nullptr) options_.progress->stops.store(stops_);
  }
  if (options_.stop != nullptr) options_.stop->disarm();
}

bool NotifyRecorder::receive(seccomp_notif& request) {
  while (true) {
    std::memset(&request, 0, sizeof request);
    if (ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &request) == 0) return true;
    if (errno == EINTR) {
      if (!on_interrupt()) return false;
    } else if (errno == ENOENT) {
      pollfd wait{listener_.get(), POLLIN, 0};  // a task was killed between asking and our taking it, or all are gone
      if (poll(&wait, 1, 0) > 0 && (wait.revents & POLLHUP) != 0) return false;
    } else {
      give_up(root_);
      return false;
    }
  }
}

/// False if the task must wait for ever; ENOENT says that it was killed meanwhile.
bool NotifyRecorder::reply(seccomp_notif_resp& answer) {
  while (ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0)
    if (errno != EINTR) return errno == ENOENT;
  return true;
}

/// The command can no longer be watched, and unwatched it would stand still.
void NotifyRecorder::give_up(pid_t waiting) {
  ++world_.lost;
  world_.note("the kernel's notifications failed (" + errno_name(errno) + "): the command was ended");
  shared_->given_up = 1;
  if (guardian_ > 0) kill(guardian_, Guardian::kWake);
  kill(waiting, SIGKILL);
  if (!root_status_) kill(root_, SIGKILL);
}

void NotifyRecorder::count_refused() {
  const std::uint64_t reads = refused_reads() - refused_before_;
  if (reads == 0) return;
  world_.lost += reads;
  world_.note(counted(reads, "read") + " of the command's memory " + (reads == 1 ? "was" : "were") + " refused");
}

/// Before Linux 6.11 a filter counts as used until the tasks under it are reaped (kernel: release_task()), and the
/// listener hangs up only then. As PID 1 we get the orphans too; elsewhere other children are not ours to take.
void NotifyRecorder::reap() {
  const pid_t whom = getpid() == 1 ? -1 : root_;
  int status = 0;
  for (pid_t ended = 0; (ended = waitpid(whom, &status, WNOHANG)) > 0;) {
    if (ended == guardian_) guardian_ = 0;
    if (ended != root_) continue;
    root_status_ = status;
    SignalForwarder::command_ended();
  }
}

/// False once the last task under the filter has ended.
bool NotifyRecorder::on_interrupt() {
  reap();
  pollfd wait{listener_.get(), POLLIN, 0};
  if (poll(&wait, 1, 0) > 0 && (wait.revents & POLLHUP) != 0) return false;
  if (options_.stop == nullptr || !options_.stop->requested()) return true;
  const std::int64_t now = now_in_ms();
  if (!stopping_) {
    stopping_ = true;
    stop_deadline_ms_ = now + options_.grace_ms;
    if (!root_status_) kill(root_, SIGTERM);
  } else if (now >= stop_deadline_ms_) {
    for (const auto& [tid, task] : world_.tracees) kill(tid, SIGKILL);
  }
  return true;
}

/// The child's own calls before its execve took effect are not the command's.
bool NotifyRecorder::launched() {
  if (head_written_) return true;
  if (!root_asked_exec_ || shared_->exec_error != 0) return false;
  Head head = make_head(options_, "notify", program_, true);
  head.notes.emplace_back("results were not watched: the notify engine sees calls before they are made");
  if (no_new_privs_)
    head.notes.emplace_back(
        "no_new_privs was set, which an unprivileged seccomp filter needs: set-uid programs gain nothing");
  head_written_ = true;
  if (const Result<void> written = world_.sink.on_head(head); !written) world_.ledger.fail(written.error());
  Tracee& root = task_of(root_);
  Call& call = root.call;
  call.arch = native_arch();
  call.number = SYS_execve;
  count(root);
  return true;
}

void NotifyRecorder::handle(const seccomp_notif& request) {
  const auto tid = static_cast<pid_t>(request.pid);
  const Arch arch = arch_of_call(request.data.arch, static_cast<std::uint64_t>(request.data.nr));
  if (!head_written_ && tid == root_ && !root_asked_exec_) {
    root_asked_exec_ = request.data.nr == SYS_execve;
    return;
  }
  if (!launched()) return;
  Tracee& task = task_of(tid);
  Call& call = task.call;
  call.arch = arch;
  call.number = request.data.nr;
  for (unsigned i = 0; i < 6; ++i) call.args[i] = request.data.args[i];
  count(task);
  const std::uint32_t effects = call.row->info->effects;
  if ((effects & kExecs) != 0) task.view_stale = true;  // who it is is asked anew at its next call
  if ((effects & kExits) != 0) world_.tracees.erase(tid);
}

void NotifyRecorder::count(Tracee& task) {
  Call& call = task.call;
  call.row = world_.row_of(call.arch, call.number);
  call.subject = task.process->subject;
  call.key = syscall_key(call, options_.detail != Detail::kSet);
  if (!world_.wants_result(call.key)) return;
  note_ring(world_, task);
  const FactIndex fact =
      world_.emit_as(call.subject, task, syscall_op(world_, call), {Outcome::kUnwatched, "", Mechanism::kNone});
  ActionValue& value = world_.actions.insert(call.key);
  value.usual = fact;
  value.settled = true;
}

Tracee& NotifyRecorder::task_of(pid_t tid) {
  std::unique_ptr<Tracee>& slot = world_.tracees[tid];
  if (slot == nullptr) {
    slot = std::make_unique<Tracee>();
    slot->tid = tid;
    slot->process = std::make_shared<Process>();
    slot->fs = std::make_shared<FsState>();
    slot->view_stale = true;
  }
  if (slot->view_stale) renew(*slot);
  return *slot;
}

void NotifyRecorder::renew(Tracee& task) {
  task.view_stale = false;
  Process& process = *task.process;
  process.credentials = read_credentials(task.tid);
  process.credentials_stale = false;
  process.tgid = process.credentials.tgid;
  process.parent = process.credentials.parent;
  files::renew_view(world_, task);
  exec::take_exe(world_, task);
  world_.renew_subject(task);
  if (task.tid != process.tgid) return;
  Proc proc;
  proc.pid = process.tgid;
  proc.parent = process.parent;
  proc.exe = world_.texts.text(process.exe);
  proc.comm = process.credentials.comm;
  proc.argv = read_cmdline(task.tid);
  proc.uid = process.credentials.uid[0];
  proc.started_ms = world_.now_ms;
  if (const Result<void> written = world_.sink.on_proc(proc); !written) world_.ledger.fail(written.error());
}

Result<RecordOutcome> NotifyRecorder::finish() {
  if (shared_->given_up == 0) dismiss_guardian();
  int status = root_status_.value_or(0);
  while (!root_status_ && waitpid(root_, &status, 0) < 0 && errno == EINTR) {
  }
  if (!head_written_) {
    const bool missing = shared_->exec_error == ENOENT;
    Error error = errno_error(shared_->exec_error, missing ? "no such command" : "not executable", program_);
    error.code = ErrorCode::kBadInput;
    return error;
  }
  world_.ledger.flush_tallies();
  count_refused();
  RecordOutcome outcome;
  outcome.engine = "notify";
  outcome.stops = stops_;
  outcome.facts = world_.ledger.size();
  if (WIFEXITED(status)) outcome.end.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.end.exit_signal = WTERMSIG(status);
  outcome.end.lost = world_.lost;
  outcome.end.ok = world_.lost == 0;
  outcome.end.stopped_by_us = stopping_;
  outcome.end.ended_ms = now_in_ms();
  outcome.end.notes.assign(world_.notes.begin(), world_.notes.end());
  if (world_.ledger.error()) return *world_.ledger.error();
  if (const Result<void> ended = world_.sink.on_end(outcome.end); !ended) return ended.error();
  return outcome;
}

}  // namespace cordon
