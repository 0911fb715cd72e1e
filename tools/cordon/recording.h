#pragma once

#include <atomic>
#include <string>

#include "exercise.h"
#include "ptrace/engine.h"

namespace cordon::front {

struct RecordingPlan {
  RecordOptions options;
  StopPlan stop;
  std::string trace_path;
  bool append = false;
};

/// Records into the trace file, with progress on a terminal, until the command, the plan or Ctrl-C ends it.
Result<RecordOutcome> record_to_file(const RecordingPlan& plan);

}  // namespace cordon::front
