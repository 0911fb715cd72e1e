#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace cordon {

/// A timer that interrupts one thread's blocking calls (EINTR) again and again. start() and stop() may be called from
/// signal handlers and other threads.
class Ticker {
 public:
  Ticker() = default;
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void aim(pid_t thread);             ///< whom it interrupts; once, before start()
  void start(std::int64_t every_ns);  ///< aims at the calling thread if it was not aimed yet
  void stop();

 private:
  std::atomic<bool> made_{false};
  timer_t timer_{};
};

}  // namespace cordon
