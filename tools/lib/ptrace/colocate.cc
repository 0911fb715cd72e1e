#include "ptrace/colocate.h"

#include <ctime>

namespace cordon {
namespace {

constexpr std::int64_t kWindow = 40'000'000;  // nanoseconds over which a rate is measured
constexpr std::int64_t kLongestPause = 2'000'000'000;
constexpr double kStorm = 3000;           // stops a second from which on the recorder is what slows tasks down
constexpr double kGain = 1.5;             // worth it only if faster by this much
constexpr double kKeep = 1.2;             // and kept while it still is by this much
constexpr std::uint64_t kLookEvery = 64;  // stops between looks at the clock

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void Colocator::look() {
  next_look_ = stops_ + kLookEvery;
  const std::int64_t now = monotonic_ns();
  const std::int64_t passed = now - window_begin_ns_;
  if (passed < kWindow) return;
  const double rate = static_cast<double>(stops_ - window_stops_) * 1e9 / static_cast<double>(passed);
  const bool whole = passed < 4 * kWindow;  // a longer window holds a pause and says nothing
  window_begin_ns_ = now;
  window_stops_ = stops_;
  if (!together_) {
    if (whole && rate >= kStorm && now >= not_before_ns_) bring_together(rate);
    return;
  }
  const bool faster = rate >= apart_rate_ * kGain;
  if (faster) pause_ns_ = 200'000'000;
  if (faster || (proven_ && rate >= apart_rate_ * kKeep)) {
    proven_ = true;
    return;
  }
  put_back();
  not_before_ns_ = now + pause_ns_;
  pause_ns_ = std::min(pause_ns_ * 2, kLongestPause);
}

void Colocator::bring_together(double apart_rate) {
  const int cpu = sched_getcpu();
  if (cpu < 0 || sched_getaffinity(0, sizeof own_, &own_) != 0 || CPU_COUNT(&own_) < 2) {
    enabled_ = false;  // a single CPU: they are together anyway
    return;
  }
  CPU_ZERO(&here_);
  CPU_SET(cpu, &here_);
  if (sched_setaffinity(0, sizeof here_, &here_) != 0) {
    enabled_ = false;
    return;
  }
  apart_rate_ = apart_rate;
  together_ = true;
  proven_ = false;
  ticker_.start(kWindow);
}

void Colocator::pin(Tracee& tracee) {
  if (tracee.attached) {
    tracee.leave_alone = true;
    return;
  }
  auto mask = std::make_shared<cpu_set_t>();
  const bool allowed = sched_getaffinity(tracee.tid, sizeof *mask, mask.get()) == 0;
  cpu_set_t both;
  if (allowed) CPU_AND(&both, mask.get(), &here_);
  if (!allowed || CPU_COUNT(&both) == 0 || sched_setaffinity(tracee.tid, sizeof here_, &here_) != 0) {
    tracee.leave_alone = true;
    return;
  }
  tracee.affinity = std::move(mask);
  tracee.pinned = true;
}

void Colocator::put_back() {
  if (!together_) return;
  together_ = false;
  ticker_.stop();
  sched_setaffinity(0, sizeof own_, &own_);
  for (auto& [tid, tracee] : world_.tracees) {
    if (!tracee->pinned) continue;
    tracee->pinned = false;
    sched_setaffinity(tid, sizeof(cpu_set_t), tracee->affinity.get());  // it may have ended: no matter
  }
}

void Colocator::step_aside(Tracee& tracee, bool sets) {
  if (sets) {
    const auto target = static_cast<pid_t>(tracee.call.args[0]);
    const auto found = world_.tracees.find(target == 0 ? tracee.tid : target);
    if (found != world_.tracees.end()) found->second->leave_alone = true;
  }
  put_back();
  not_before_ns_ = monotonic_ns() + kWindow;
}

}  // namespace cordon
