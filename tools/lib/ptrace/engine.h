#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "facts/fact.h"
#include "facts/trace.h"
#include "ptrace/ticker.h"

/// Recording: runs a command, or attaches to processes, and hands every fact to a sink on first sight.
namespace cordon {

/// Where a recording goes. Called from the recording thread only; an error stops the recording (and its command).
class FactSink {
 public:
  virtual ~FactSink() = default;
  virtual Result<void> on_head(const Head& head) = 0;
  virtual Result<void> on_proc(const Proc& proc) = 0;
  /// First sight of a fact; its tally holds what is known so far. `canonical` is its canonical JSON, `id` made from
  /// that.
  virtual Result<void> on_fact(const Fact& fact, const FactId& id, std::string_view canonical) = 0;
  /// A call that has been waiting for its result for a while; its verdict is kUnwatched. Its facts come when it
  /// returns.
  virtual Result<void> on_tried(const Fact& fact) = 0;
  /// Once for each fact, at the end.
  virtual Result<void> on_tally(const FactId& id, const Tally& tally) = 0;
  virtual Result<void> on_end(const End& end) = 0;
};

/// Counts that another thread may read while the recording runs.
struct RecordProgress {
  std::atomic<std::uint64_t> stops{0};      ///< syscall stops handled
  std::atomic<std::uint64_t> facts{0};      ///< distinct facts seen
  std::atomic<std::uint32_t> processes{0};  ///< processes alive now
  std::atomic<pid_t> root{0};               ///< the command's pid once it is started
};

/// Asks a recording to end; request() may be called from a signal handler or another thread, more than once.
class StopControl {
 public:
  StopControl();
  ~StopControl();
  StopControl(const StopControl&) = delete;
  StopControl& operator=(const StopControl&) = delete;

  /// SIGTERM to the command (to its descendants once it has ended), then, after the grace time, SIGKILL to all.
  /// Attached processes are let go instead.
  void request();
  bool requested() const { return requested_.load(); }

 private:
  friend class Recorder;
  friend class NotifyRecorder;
  void arm(pid_t thread);  ///< ticks interrupt this thread's waiting once a stop was requested
  void disarm();
  std::atomic<bool> requested_{false};
  std::atomic<bool> armed_{false};
  Ticker ticker_;
};

enum class EngineChoice : std::uint8_t { kAuto, kPtrace, kNotify };

struct RecordOptions {
  std::vector<std::string> argv;  ///< the command; argv[0] is looked up in PATH unless it holds a '/'
  std::vector<pid_t> attach;      ///< or the processes to attach to
  std::function<std::vector<pid_t>()>
      members;  ///< or a group of processes: who is in it now; asked again while recording
  bool attaches() const { return !attach.empty() || members != nullptr; }
  bool follow = true;  ///< children too
  Detail detail = Detail::kFull;
  EngineChoice engine = EngineChoice::kAuto;
  std::string label;                     ///< --run-label
  std::uint32_t grace_ms = 5000;         ///< between SIGTERM and SIGKILL after a stop request
  std::uint32_t max_tracees = 16384;     ///< more tasks than this at once ends the recording (a fork bomb)
  std::vector<std::string> environment;  ///< the command's; empty: ours
  bool forward_signals = true;   ///< SIGTERM, SIGHUP, … sent to us go to the command; off inside a larger tool
  bool colocate = true;          ///< move tasks that only make syscalls onto the recorder's CPU while they do
  std::vector<SyscallOp> known;  ///< known-skip: calls that the filter lets pass unseen
  std::string tool = "cordon-record " CORDON_VERSION;
  bool in_place = false;               ///< the calling process becomes the command; a child of it records (ptrace only)
  std::vector<std::string> notes;      ///< further notes for the head
  StopControl* stop = nullptr;         ///< not owned; may be null
  RecordProgress* progress = nullptr;  ///< not owned; may be null
};

struct RecordOutcome {
  End end;
  std::string engine;  ///< the one that was used
  std::uint64_t stops = 0;
  std::uint64_t facts = 0;
};

/// Runs the whole recording in the calling thread and returns when the last traced process has ended (or was let go);
/// with in_place it returns in the child, and in the caller only if there is nothing to run.
/// Errors: kEnvironment if ptrace is not possible (which cause, and the mend), kBadInput with what == "no such
/// command" or "not executable" if the command cannot be run, kIo if the sink fails.
Result<RecordOutcome> record(const RecordOptions& options, FactSink& sink);

/// The codes of env(1) for an error of record(): 127 no such command, 126 it cannot be run, 125 anything else.
int record_exit_code(const Error& error);

/// What this machine allows a recorder to do; `mend` says what to change where something is missing.
struct RecorderSupport {
  bool ptrace = false;
  bool filter = false;        ///< a seccomp filter can be installed
  bool notify = false;        ///< user notification with CONTINUE (5.5)
  bool syscall_info = false;  ///< PTRACE_GET_SYSCALL_INFO (5.3)
  std::string why_not;
  std::string mend;
};
RecorderSupport probe_recorder();

}  // namespace cordon
