#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace cordon::triage {

/// How many denials fell into each stretch of time. The stretches double (from one minute) until at most kMaxBuckets
/// are used, so the result does not depend on the order of the additions.
class Timeline {
 public:
  static constexpr std::size_t kMaxBuckets = 60;

  void add(std::int64_t at_ms, std::uint64_t count);
  void merge(const Timeline& other);
  std::int64_t width_ms() const { return width_ms_; }
  /// Start in ms and count, in order of time.
  const std::vector<std::pair<std::int64_t, std::uint64_t>>& buckets() const { return buckets_; }

  enum class Trend : std::uint8_t { kUnknown, kOnce, kSteady, kRising, kFalling };
  /// The later half of the time that was seen against the earlier half: half as much again is rising.
  Trend trend() const;

 private:
  void widen();
  std::int64_t width_ms_ = 60'000;
  std::vector<std::pair<std::int64_t, std::uint64_t>> buckets_;
};

}  // namespace cordon::triage
