#include "ptrace/trace_sink.h"

#include "facts/trace_io.h"

namespace cordon {
namespace {
constexpr std::size_t kTallyBlock = 1 << 16;
}

Result<void> TraceSink::on_head(const Head& head) {
  if (!writer_) {
    Result<TraceWriter> writer = TraceWriter::open(path_, append_);
    if (!writer) return writer.error();
    writer_.emplace(std::move(*writer));
  }
  run_ = head.run;
  return writer_->write(head_line(head));
}

/// A trace that could not be opened has been told of by on_head(); what is still under way goes nowhere.
Result<void> TraceSink::put(std::string_view line) { return writer_ ? writer_->write(line) : Result<void>{}; }

Result<void> TraceSink::on_proc(const Proc& proc) { return put(proc_line(run_, proc)); }

Result<void> TraceSink::on_fact(const Fact& fact, const FactId& id, std::string_view canonical) {
  return put(fact_line(run_, id, canonical, fact.origin));
}

Result<void> TraceSink::on_tried(const Fact& fact) { return put(tried_line(run_, fact)); }

Result<void> TraceSink::on_tally(const FactId& id, const Tally& tally) {
  tallies_ += tally_line(run_, id, tally);
  if (tallies_.size() < kTallyBlock) return {};
  const Result<void> written = put(tallies_);
  tallies_.clear();
  return written;
}

Result<void> TraceSink::on_end(const End& end) {
  tallies_ += end_line(run_, end);
  if (Result<void> written = put(tallies_); !written) return written;
  return writer_ ? writer_->close() : Result<void>{};
}

}  // namespace cordon
