#include "ptrace/ticker.h"

#include <signal.h>
#include <unistd.h>

namespace cordon {
namespace {

void interrupt(int) {}

/// Not one that programs use, and ignored by nobody.
int tick_signal() { return SIGRTMAX - 3; }

}  // namespace

Ticker::~Ticker() {
  if (made_.exchange(false)) timer_delete(timer_);
}

void Ticker::aim(pid_t thread) {
  if (made_) return;
  struct sigaction action {};
  action.sa_handler = interrupt;  // without SA_RESTART: it is there to interrupt
  sigaction(tick_signal(), &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, tick_signal());
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = tick_signal();
  event._sigev_un._tid = thread;
  made_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
}

void Ticker::start(std::int64_t every_ns) {
  if (!made_) aim(gettid());
  if (!made_) return;
  const itimerspec ticks{{0, static_cast<long>(every_ns)}, {0, static_cast<long>(every_ns)}};
  timer_settime(timer_, 0, &ticks, nullptr);
}

void Ticker::stop() {
  const itimerspec never{};
  if (made_) timer_settime(timer_, 0, &never, nullptr);
}

}  // namespace cordon
