#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "facts/trace_writer.h"
#include "ptrace/engine.h"

namespace cordon {

/// A sink that writes a trace file, each line as it comes. The file is opened when the command runs, so that a
/// command that cannot be started leaves an older trace alone.
class TraceSink : public FactSink {
 public:
  TraceSink(std::string path, bool append) : path_(std::move(path)), append_(append) {}
  /// A file that is open already.
  TraceSink(UniqueFd fd, std::string name)
      : path_(std::move(name)), append_(true), writer_(TraceWriter::adopt(std::move(fd), path_)) {}

  Result<void> on_head(const Head& head) override;
  Result<void> on_proc(const Proc& proc) override;
  Result<void> on_fact(const Fact& fact, const FactId& id, std::string_view canonical) override;
  Result<void> on_tried(const Fact& fact) override;
  Result<void> on_tally(const FactId& id, const Tally& tally) override;
  Result<void> on_end(const End& end) override;

 private:
  Result<void> put(std::string_view line);

  std::string path_;
  bool append_;
  std::string run_;
  std::string tallies_;  ///< lines that are written together: they are worth nothing one by one
  std::optional<TraceWriter> writer_;
};

}  // namespace cordon
