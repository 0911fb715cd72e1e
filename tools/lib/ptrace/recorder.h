#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "ptrace/colocate.h"
#include "ptrace/launch.h"
#include "ptrace/memory.h"
#include "ptrace/world.h"

namespace cordon {

/// The ptrace engine: one thread that waits for stops and resumes tasks (ptrace(2), under PTRACE_SEIZE).
class Recorder {
 public:
  Recorder(const RecordOptions& options, FactSink& sink)
      : options_(options), world_(options, sink), colocator_(world_, options.colocate && !options.attaches()) {}
  Result<RecordOutcome> run();
  void say_in_head(std::string note) { head_notes_.push_back(std::move(note)); }

 private:
  // recorder.cc: starting, waiting, ending
  Result<void> start_command();
  Result<void> start_attached();
  Result<void> hold_process(pid_t pid);
  std::size_t hold_members();
  void wait_for_all();
  void dispatch(pid_t tid, int status);
  void take_turns();
  void handle(pid_t tid, int status);
  void ended(Tracee& tracee, int status);
  void check_stop();
  void kill_all();
  void let_go_all();
  bool let_go(Tracee& tracee, int signal);
  Result<RecordOutcome> finish();
  void count_refused();
  End make_end() const;
  Result<void> write_head();

  // events.cc: what waitpid reports
  void on_stop(Tracee& tracee, int status);
  void on_first_sight(pid_t tid, int status);
  void on_new_task(Tracee& parent, int event);
  void link(Tracee& parent, Tracee& child, std::uint64_t clone_flags);
  void adopt_orphans();
  Tracee* on_exec(pid_t tid);
  void on_launched(Tracee& tracee);
  void on_group_event(Tracee& tracee, int signal);
  void resume(Tracee& tracee, int signal = 0);
  void write_proc(Tracee& tracee);
  Tracee& add_tracee(pid_t tid);

  // in_place.cc: the command as PID 1
  void on_exit_stop(Tracee& tracee);
  bool ends_process(const Tracee& tracee, int status) const;

  // calls.cc: syscall stops
  void on_call_stop(Tracee& tracee, bool seccomp);
  void entry(Tracee& tracee, const abi::Stop& stop);
  bool entry_details(Tracee& tracee);
  void exit(Tracee& tracee, const abi::Stop& stop);
  void succeeded(Tracee& tracee, std::int64_t result);
  void exit_details(Tracee& tracee);
  void unfinished(Tracee& tracee);
  void await(Tracee& tracee);
  void write_awaited();
  void tried(Tracee& tracee);
  void restore_clone_flags(Tracee& tracee);

  const RecordOptions& options_;
  World world_;
  Colocator colocator_;
  Launch launch_;
  std::set<pid_t> refused_;  ///< processes that could not be attached to
  Ticker look_again_;        ///< for members of the group that come later
  pid_t root_ = 0;
  bool plain_ = false;  ///< no filter: syscall stops for all
  bool head_written_ = false;
  bool killing_ = false;
  bool stopping_ = false;
  bool detaching_ = false;
  bool finished_ = false;  ///< in place: the last word was said
  std::int64_t stop_deadline_ms_ = 0;
  std::uint64_t stops_ = 0;
  std::optional<int> exit_code_;
  std::optional<int> exit_signal_;
  std::optional<Error> failure_;
  std::vector<std::string> head_notes_;
  std::string program_;
  Tracee* last_ = nullptr;
  std::vector<std::pair<pid_t, int>> turns_;
  std::uint64_t refused_before_ = refused_reads();
  std::vector<pid_t> awaited_;  ///< tasks in calls that may have something new to tell
  std::int64_t awaited_since_ms_ = 0;
  Ticker patience_;
};

}  // namespace cordon
