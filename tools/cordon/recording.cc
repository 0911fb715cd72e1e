#include "recording.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdlib>

#include "base/terminal.h"
#include "base/text.h"
#include "facts/trace_io.h"
#include "facts/trace_writer.h"

namespace cordon::front {
namespace {

/// The recording's lines into the file; remembers whether something listens.
class FileSink : public FactSink {
 public:
  FileSink(TraceWriter writer, const RecordProgress& counts) : writer_(std::move(writer)), counts_(counts) {}

  const std::atomic<bool>& listening() const { return listening_; }
  Result<void> sync() { return writer_.sync(); }

  Result<void> on_head(const Head& head) override {
    run_ = head.run;
    return writer_.write(head_line(head));
  }
  Result<void> on_proc(const Proc& proc) override { return writer_.write(proc_line(run_, proc)); }
  Result<void> on_fact(const Fact& fact) override {
    note_listening(fact.operation);
    progress_.show(fmt::format("recording: {} from {}", counted(counts_.facts.load(), "fact"),
                               counted(counts_.processes.load(), "running task")));
    return writer_.write(fact_line(run_, fact));
  }
  Result<void> on_tally(const FactId& id, const Tally& tally) override {
    return writer_.write(tally_line(run_, id, tally));
  }
  Result<void> on_end(const End& end) override { return writer_.write(end_line(run_, end)); }

 private:
  void note_listening(const Operation& operation) {
    const auto* net = std::get_if<NetOp>(&operation);
    const auto* local = std::get_if<UnixOp>(&operation);
    if ((net != nullptr && net->act == SocketAct::kListen) || (local != nullptr && local->act == SocketAct::kListen))
      listening_ = true;
  }

  TraceWriter writer_;
  const RecordProgress& counts_;
  Progress progress_;
  std::string run_;
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
  auto writer = TraceWriter::open(plan.trace_path, plan.append);
  if (!writer) return writer.error();
  RecordProgress counts;
  StopControl stop;
  FileSink sink(std::move(*writer), counts);
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
  if (auto synced = sink.sync(); !synced) return synced.error();
  return outcome;
}

}  // namespace cordon::front
