#include "recording.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdlib>

#include "base/terminal.h"
#include "base/text.h"
#include "ptrace/trace_sink.h"

namespace cordon::front {
namespace {

/// The trace file, with progress on a terminal; remembers whether something listens.
class WatchedSink : public TraceSink {
 public:
  WatchedSink(const std::string& path, bool append, const RecordProgress& counts)
      : TraceSink(path, append), counts_(counts) {}

  const std::atomic<bool>& listening() const { return listening_; }

  Result<void> on_fact(const Fact& fact, const FactId& id, std::string_view canonical) override {
    note_listening(fact.operation);
    progress_.show(fmt::format("recording: {} from {}", counted(counts_.facts.load(), "fact"),
                               counted(counts_.processes.load(), "running task")));
    return TraceSink::on_fact(fact, id, canonical);
  }

 private:
  void note_listening(const Operation& operation) {
    const auto* net = std::get_if<NetOp>(&operation);
    const auto* local = std::get_if<UnixOp>(&operation);
    if ((net != nullptr && net->act == SocketAct::kListen) || (local != nullptr && local->act == SocketAct::kListen))
      listening_ = true;
  }

  const RecordProgress& counts_;
  Progress progress_;
  std::atomic<bool> listening_{false};
};

StopControl* g_interrupted = nullptr;

void on_interrupt(int) {
  if (g_interrupted != nullptr) g_interrupted->request();
}

/// While it lives, Ctrl-C and SIGTERM ask the recording to stop instead of ending us.
class InterruptStops {
 public:
  explicit InterruptStops(StopControl& stop) {
    g_interrupted = &stop;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    ::sigaction(SIGINT, &action, &old_int_);
    ::sigaction(SIGTERM, &action, &old_term_);
  }
  ~InterruptStops() {
    ::sigaction(SIGINT, &old_int_, nullptr);
    ::sigaction(SIGTERM, &old_term_, nullptr);
    g_interrupted = nullptr;
  }
  InterruptStops(const InterruptStops&) = delete;
  InterruptStops& operator=(const InterruptStops&) = delete;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

}  // namespace

Result<RecordOutcome> record_to_file(const RecordingPlan& plan) {
  RecordProgress counts;
  StopControl stop;
  WatchedSink sink(plan.trace_path, plan.append, counts);
  RecordOptions options = plan.options;
  options.stop = &stop;
  options.progress = &counts;
  options.forward_signals = false;
  Stopper stopper(plan.stop, stop, counts, sink.listening());
  const InterruptStops interrupts(stop);
  auto outcome = record(options, sink);
  const auto exercised = stopper.finish();
  if (!outcome) return outcome;
  if (!exercised) return exercised.error();
  return outcome;
}

}  // namespace cordon::front
