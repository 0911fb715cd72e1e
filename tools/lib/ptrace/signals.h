#pragma once

#include <signal.h>
#include <sys/types.h>

#include "ptrace/engine.h"

namespace cordon {

/// While it lives (and is active), the recorder survives the signals that end programs: those sent to it on purpose go
/// on to the command; those of the terminal reach the command by themselves. Without a command (attached), they ask
/// for the end of the recording.
class SignalForwarder {
 public:
  SignalForwarder(bool active, pid_t command, StopControl* stop);
  ~SignalForwarder();
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  /// The command has been reaped: its number may be another's, and nothing goes on to it.
  static void command_ended();

 private:
  struct sigaction saved_[8]{};
  bool active_;
};

/// While it lives, a stop of a traced task sends us no SIGCHLD: it is waited for anyway, and a signal costs each stop.
class QuietStops {
 public:
  QuietStops();
  ~QuietStops();
  QuietStops(const QuietStops&) = delete;
  QuietStops& operator=(const QuietStops&) = delete;

 private:
  struct sigaction saved_ {};
};

}  // namespace cordon
