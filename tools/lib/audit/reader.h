#pragma once

#include <memory>
#include <string>
#include <vector>

#include "audit/event.h"
#include "audit/input.h"
#include "base/diagnostics.h"

namespace cordon::audit {

struct ReadOptions {
  InputLimits limits;
  std::string json_field;  ///< NDJSON: the field that holds the line; empty: the usual ones
  EventFilter filter;
  bool live = false;    ///< events close at their EOE record
  bool threads = true;  ///< a large source is cut and parsed in a second thread
};

/// A malformed line, with its source's name.
struct MalformedLine {
  std::string source;
  std::uint64_t line = 0;
  std::uint64_t byte = 0;
  std::string problem;
};

/// What was read. records() == used + not_wanted + malformed; lines == records + other (but for journal export,
/// where a record takes several lines).
struct ReadCounts {
  static constexpr std::size_t kShown = 20;
  std::uint64_t lines = 0;
  std::uint64_t other_lines = 0;
  std::uint64_t used = 0;
  std::uint64_t not_wanted = 0;
  std::uint64_t malformed = 0;
  std::vector<MalformedLine> first_malformed;  ///< the first kShown
  std::uint64_t records() const { return used + not_wanted + malformed; }
};

/// Logs in, events out. Reads in blocks, never maps; memory does not grow with the size of what is read.
class LogReader {
 public:
  LogReader(ReadOptions options, EventSink sink);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  /// Reads one log to its end. On an error what was read before it stays counted and handed over.
  Result<void> read(const std::string& path);
  Result<void> read(std::unique_ptr<ByteSource> source, std::string name);

  /// Hands over the events that are still open: where the stream has been silent, and at the end.
  void flush();
  /// For records that come without a log: a line, or a record of the kernel's multicast group.
  void feed(std::string_view text, const std::string& source);

  const std::string& source_name(std::uint32_t index) const;
  ReadCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole of several logs, rotated sets in order. Unreadable ones are reported in `diagnostics` (kError), the others
/// are read all the same.
ReadCounts read_logs(LogReader& reader, const std::vector<std::string>& paths, Diagnostics& diagnostics);

}  // namespace cordon::audit
