#include "triage/timeline.h"

#include <iterator>

namespace cordon::triage {
namespace {

std::int64_t floor_to(std::int64_t value, std::int64_t width) {
  const auto rest = value % width;
  return value - (rest < 0 ? rest + width : rest);
}

}  // namespace

void Timeline::add(std::int64_t at_ms, std::uint64_t count) {
  if (at_ms == 0) return;
  const auto start = floor_to(at_ms, width_ms_);
  auto at = buckets_.end();
  while (at != buckets_.begin() && std::prev(at)->first >= start) --at;  // logs come in order: near the end
  if (at != buckets_.end() && at->first == start)
    at->second += count;
  else
    buckets_.insert(at, {start, count});
  while (buckets_.size() > kMaxBuckets) widen();
}

void Timeline::merge(const Timeline& other) {
  while (width_ms_ < other.width_ms_) widen();
  for (const auto& [start, count] : other.buckets_) add(start, count);
}

void Timeline::widen() {
  width_ms_ *= 2;
  std::vector<std::pair<std::int64_t, std::uint64_t>> wider;
  for (const auto& [start, count] : buckets_) {
    const auto floor = floor_to(start, width_ms_);
    if (!wider.empty() && wider.back().first == floor)
      wider.back().second += count;
    else
      wider.emplace_back(floor, count);
  }
  buckets_ = std::move(wider);
}

Timeline::Trend Timeline::trend() const {
  if (buckets_.empty()) return Trend::kUnknown;
  if (buckets_.size() == 1) return Trend::kOnce;
  const auto middle = buckets_.front().first + (buckets_.back().first - buckets_.front().first) / 2;
  std::uint64_t early = 0, late = 0;
  for (const auto& [start, count] : buckets_) (start <= middle ? early : late) += count;
  if (2 * late > 3 * early) return Trend::kRising;
  if (2 * early > 3 * late) return Trend::kFalling;
  return Trend::kSteady;
}

}  // namespace cordon::triage
