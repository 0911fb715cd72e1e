#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <optional>
#include <unordered_map>

#include "base/fd.h"
#include "ptrace/memory.h"
#include "ptrace/world.h"

namespace cordon {

/// The notify engine: seccomp user notification (seccomp_unotify(2)), each call answered with CONTINUE. Cheaper than
/// ptrace and it leaves ptrace free for the command; it sees numbers and arguments before the call, and no results.
class NotifyRecorder {
 public:
  NotifyRecorder(const RecordOptions& options, FactSink& sink);
  ~NotifyRecorder();
  NotifyRecorder(const NotifyRecorder&) = delete;
  NotifyRecorder& operator=(const NotifyRecorder&) = delete;

  /// kEnvironment, "notify: …" if there can be no listener here, in which case the command has not run.
  Result<RecordOutcome> run();

 private:
  struct Shared;  ///< a page that the child fills in where it may not make calls
  struct Guardian;

  Result<void> start();
  Result<void> wait_for_listener();
  Result<void> start_guardian();
  void dismiss_guardian();
  void listen();
  bool receive(seccomp_notif& request);
  bool reply(seccomp_notif_resp& answer);
  void give_up(pid_t waiting);
  bool on_interrupt();
  void reap();
  void handle(const seccomp_notif& request);
  Tracee& task_of(pid_t tid);
  void renew(Tracee& task);
  bool launched();
  void count(Tracee& task);
  void count_refused();
  Result<RecordOutcome> finish();

  const RecordOptions& options_;
  World world_;
  Shared* shared_ = nullptr;
  UniqueFd listener_;
  pid_t guardian_ = 0;
  pid_t root_ = 0;
  std::optional<int> root_status_;  ///< it has been reaped: its number may be another's
  bool root_asked_exec_ = false;
  bool head_written_ = false;
  bool stopping_ = false;
  std::int64_t stop_deadline_ms_ = 0;
  std::uint64_t stops_ = 0;
  std::uint64_t refused_before_ = refused_reads();
  std::string program_;
  bool no_new_privs_ = false;
};

}  // namespace cordon
