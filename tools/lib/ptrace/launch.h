#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ptrace/engine.h"

namespace cordon {

/// What the child tells before its execve, and after one that failed.
struct LaunchReport {
  std::int32_t filter_error = 0;  ///< errno of installing the filter; 0: it is in place
  std::int32_t no_new_privs = 0;  ///< it had to be set for that
  std::int32_t exec_error = 0;    ///< errno of execve; 0: not tried yet
};

/// A child that stands between fork and execve until it is told to go on.
class Launch {
 public:
  /// Finds the program: argv[0] itself, or in PATH. kBadInput "no such command", "not executable".
  static Result<std::string> find_program(const std::string& name);

  /// Forks. The child (in place: the caller) waits for go(), installs the filter (unless it is empty) and executes the
  /// program. Gives its pid.
  Result<pid_t> start(const RecordOptions& options, const std::string& program, std::vector<sock_filter> filter);
  void go();
  /// The child ends by itself: what may not be traced may not be killed either, perhaps.
  void abandon() { go_.reset(); }
  /// The latest report, as far as the child has got; never blocks.
  LaunchReport report();

 private:
  UniqueFd go_;
  UniqueFd reports_;
};

/// Why tracing `child` was refused with `error`, and the mend.
Error explain_refusal(int error, pid_t target, bool launched);

}  // namespace cordon
