#pragma once

#include <sched.h>
#include <sys/types.h>

#include <cstdint>

#include "ptrace/ticker.h"
#include "ptrace/world.h"

namespace cordon {

/// Moves tasks that do little but make syscalls onto the recorder's own CPU, and back again. A stop hands the CPU from
/// the task to the recorder and back; across CPUs each hand-over wakes an idle one, which costs several times what the
/// stop itself does. Whether it pays is measured, not guessed: the rate of stops with and without, again and again.
/// A task that asks for its affinity sees its own: all are put back before the call is made. Attached tasks and those
/// that set affinities themselves are left alone.
class Colocator {
 public:
  Colocator(World& world, bool enabled) : world_(world), enabled_(enabled) {}
  ~Colocator() { put_back(); }
  Colocator(const Colocator&) = delete;
  Colocator& operator=(const Colocator&) = delete;

  /// At each syscall stop.
  void stopped(Tracee& tracee) {
    if (!enabled_) return;
    if (together_ && !tracee.pinned && !tracee.leave_alone) pin(tracee);
    if (++stops_ >= next_look_) look();
  }
  /// When waiting was interrupted by a tick.
  void ticked() {
    if (together_) look();
  }
  /// Before a call that reads or sets an affinity.
  void step_aside(Tracee& tracee, bool sets);

 private:
  void look();
  void bring_together(double apart_rate);
  void put_back();
  void pin(Tracee& tracee);

  World& world_;
  bool enabled_;
  bool together_ = false;
  bool proven_ = false;  ///< this spell of togetherness was measured to be faster
  std::uint64_t stops_ = 0;
  std::uint64_t next_look_ = 64;
  std::uint64_t window_stops_ = 0;  ///< stops_ when the window began
  std::int64_t window_begin_ns_ = 0;
  std::int64_t not_before_ns_ = 0;  ///< no new try before
  std::int64_t pause_ns_ = 200'000'000;
  double apart_rate_ = 0;
  cpu_set_t own_{};
  cpu_set_t here_{};
  Ticker ticker_;
};

}  // namespace cordon
