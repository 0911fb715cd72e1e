#pragma once

#include <functional>
#include <vector>

#include "seccomp/bpf.h"
#include "seccomp/try.h"

namespace cordon::seccomp {

/// The program with its errno and kill verdicts turned into notifications (seccomp_unotify(2)); empty if it returns
/// computed values, which cannot be told beforehand.
BpfProgram listening_variant(const BpfProgram& program);

/// Whether the process behind a pidfd has ended, waiting for at most that many milliseconds.
bool has_ended(int pidfd, int timeout_ms);

/// Answers the notifications of a listening variant as the original program decides them, and remembers what it
/// refused. Does not own the descriptor. A descriptor of -1: there is nothing to answer.
class Listener {
 public:
  Listener(const BpfProgram& program, int fd, std::vector<DeniedCall>& denied)
      : program_(program), fd_(fd), denied_(denied) {}

  /// Waits for a notification, the end of the child, or a signal (then calls on_signal).
  void wait(int child_fd, int signal_fd, const std::function<void()>& on_signal);
  /// Answers what is there already.
  void drain();
  /// If descendants are left, forks a process that answers them until the last one has ended.
  void leave_to_background();

 private:
  bool hung_up() const;
  void answer_one();
  void remember(const seccomp_data& data, std::uint32_t value);

  const BpfProgram& program_;
  int fd_;
  std::vector<DeniedCall>& denied_;
};

}  // namespace cordon::seccomp
