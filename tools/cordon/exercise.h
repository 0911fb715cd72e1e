#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ptrace/engine.h"

namespace cordon::front {

/// When a recording that would not end by itself is to end.
struct StopPlan {
  std::vector<std::string> exercise;  ///< run once the server is ready, then stop; empty: none
  std::string ready;                  ///< a TCP port, a path, or empty: the first listen(2) that is seen
  std::uint32_t ready_timeout_ms = 30000;
  std::optional<std::uint32_t> until_ms;  ///< stop after this time
};

/// "30", "30s", "5m", "2h", "500ms" in milliseconds, or nothing.
std::optional<std::uint32_t> parse_duration_ms(std::string_view text);

/// Watches a recording from a thread of its own and asks it to stop as the plan says.
class Stopper {
 public:
  Stopper(StopPlan plan, StopControl& stop, const RecordProgress& progress, const std::atomic<bool>& listening);
  ~Stopper();
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;

  /// To be called when the recording has ended. The exercise's failure, if it had one.
  Result<void> finish();

 private:
  void watch();
  bool wait_until_ready();
  bool is_ready() const;
  void run_exercise();
  bool pause(std::uint32_t ms);  ///< false once the recording has ended

  StopPlan plan_;
  StopControl& stop_;
  const RecordProgress& progress_;
  const std::atomic<bool>& listening_;
  std::atomic<bool> ended_{false};
  std::optional<Error> problem_;
  std::thread thread_;
};

}  // namespace cordon::front
