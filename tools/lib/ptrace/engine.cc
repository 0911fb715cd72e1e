#include "ptrace/engine.h"

#include <unistd.h>

#include "kernel/syscall_table.h"
#include "ptrace/notify.h"
#include "ptrace/recorder.h"

namespace cordon {
namespace {

Result<RecordOutcome> by_ptrace(const RecordOptions& options, FactSink& sink, std::string note = {}) {
  Recorder recorder(options, sink);
  if (!note.empty()) recorder.say_in_head(std::move(note));
  return recorder.run();
}

/// ptrace has an event for it; notify learns only by the call itself that a task is to run another program.
RecordOptions watching_execs(RecordOptions options) {
  std::erase_if(options.known,
                [](const SyscallOp& call) { return (syscall_info(call.arch, call.name).effects & kExecs) != 0; });
  return options;
}

Result<RecordOutcome> by_notify(const RecordOptions& given, FactSink& sink) {
  const RecordOptions options = watching_execs(given);
  NotifyRecorder recorder(options, sink);
  return recorder.run();
}

bool is_environment(const Result<RecordOutcome>& result, std::string_view what) {
  return !result && result.error().code == ErrorCode::kEnvironment &&
         result.error().what.find(what) != std::string::npos;
}

}  // namespace

Result<RecordOutcome> record(const RecordOptions& options, FactSink& sink) {
  if (options.in_place && options.engine == EngineChoice::kNotify)
    return Error{ErrorCode::kUsage, "the notify engine cannot record in place", "", "use --engine ptrace"};
  if (options.engine == EngineChoice::kNotify && !options.attaches()) {
    Result<RecordOutcome> result = by_notify(options, sink);
    if (!is_environment(result, "notify:")) return result;
    return by_ptrace(options, sink, result.error().what + "; recorded with ptrace instead");
  }
  Result<RecordOutcome> result = by_ptrace(options, sink);
  const bool may_notify = options.engine == EngineChoice::kAuto && !options.in_place && !options.attaches() &&
                          options.detail != Detail::kFull;
  if (!may_notify || !is_environment(result, "ptrace")) return result;
  Result<RecordOutcome> other = by_notify(options, sink);
  return is_environment(other, "notify:") ? result : other;
}

int record_exit_code(const Error& error) {
  if (error.what.starts_with("no such command")) return 127;
  if (error.what.starts_with("not executable")) return 126;
  return 125;
}

}  // namespace cordon
