#include "facts/fact.h"

#include <algorithm>

#include "facts/trace.h"

namespace cordon {

void Tally::add(const Tally& other) {
  count += other.count;
  unwatched += other.unwatched;
  if (other.first_ms != 0 && (first_ms == 0 || other.first_ms < first_ms)) first_ms = other.first_ms;
  last_ms = std::max(last_ms, other.last_ms);
}

bool content_before(const Fact& a, const Fact& b) {
  return std::tie(a.operation, a.subject, a.verdict) < std::tie(b.operation, b.subject, b.verdict);
}

bool Trace::complete() const {
  return !runs.empty() && std::all_of(runs.begin(), runs.end(), [](const Run& run) { return run.complete(); });
}

}  // namespace cordon
