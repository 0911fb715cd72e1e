#include "ptrace/signals.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <iterator>

namespace cordon {
namespace {

constexpr int kForwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
constexpr std::int64_t kTickNanoseconds = 50'000'000;

volatile pid_t command_pid = 0;
StopControl* stop_control = nullptr;

/// si_code <= 0: sent by a process. The terminal's own reach the whole foreground group, the command included.
void forward(int signal, siginfo_t* info, void*) {
  if (info->si_code > 0) return;
  if (info->si_pid == command_pid) return;
  if (command_pid > 0) kill(command_pid, signal);
}

void ask_for_end(int, siginfo_t*, void*) {
  if (stop_control != nullptr) stop_control->request();
}

}  // namespace

SignalForwarder::SignalForwarder(bool active, pid_t command, StopControl* stop) : active_(active) {
  if (!active_) return;
  command_pid = command;
  stop_control = stop;
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  action.sa_sigaction = command > 0 ? forward : ask_for_end;
  for (std::size_t i = 0; i < std::size(kForwarded); ++i) sigaction(kForwarded[i], &action, &saved_[i]);
}

void SignalForwarder::command_ended() { command_pid = 0; }

SignalForwarder::~SignalForwarder() {
  if (!active_) return;
  for (std::size_t i = 0; i < std::size(kForwarded); ++i) sigaction(kForwarded[i], &saved_[i], nullptr);
}

QuietStops::QuietStops() {
  if (sigaction(SIGCHLD, nullptr, &saved_) != 0) return;
  struct sigaction quiet = saved_;
  quiet.sa_flags |= SA_NOCLDSTOP;
  sigaction(SIGCHLD, &quiet, nullptr);
}

QuietStops::~QuietStops() { sigaction(SIGCHLD, &saved_, nullptr); }

StopControl::StopControl() = default;
StopControl::~StopControl() = default;

void StopControl::arm(pid_t thread) {
  ticker_.aim(thread);
  armed_ = true;
  if (requested_) request();
}

void StopControl::disarm() {
  armed_ = false;
  ticker_.stop();
}

void StopControl::request() {
  requested_ = true;
  if (armed_) ticker_.start(kTickNanoseconds);
}

}  // namespace cordon
