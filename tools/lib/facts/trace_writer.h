#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"

namespace cordon {

/// A trace file that is being written: each line is one write(2), so a recorder that is killed loses at most the line
/// that it was writing.
class TraceWriter {
 public:
  /// Opens with O_NOFOLLOW and O_CLOEXEC; "-" is standard output. With `append` the file keeps its sections, and a last
  /// line that was cut off is removed; otherwise it is emptied.
  static Result<TraceWriter> open(const std::string& path, bool append);

  /// A descriptor that was opened by somebody else, for appending; `where` names it in errors.
  static TraceWriter adopt(UniqueFd fd, std::string where) { return TraceWriter(std::move(fd), std::move(where)); }

  /// One line of trace_io.h, its '\n' included. "No space left" and the like name the file.
  Result<void> write(std::string_view line);

  /// Network file systems tell only now of what did not get through (close(2)). Not forced to the disk: that can take
  /// longer than the run, and a trace that a power cut has shortened has no end and says so.
  Result<void> close();

 private:
  TraceWriter(UniqueFd fd, std::string where) : fd_(std::move(fd)), where_(std::move(where)) {}
  UniqueFd fd_;
  std::string where_;
};

}  // namespace cordon
