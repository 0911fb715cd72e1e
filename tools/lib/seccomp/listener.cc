#include "seccomp/listener.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/syscalls.h"

namespace cordon::seccomp {
namespace {

constexpr std::size_t kMaxDenied = 10'000;

bool is_kill(std::uint32_t value) {
  const std::uint32_t action = value & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD;
}

bool is_refusal(std::uint32_t value) {
  return is_kill(value) || (value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

/// A line of /proc/PID/status as a number, in base 10 or 16.
std::uint64_t status_number(const std::string& status, std::string_view key, int base) {
  const std::size_t at = status.find("\n" + std::string(key) + ":\t");
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(status).substr(at + key.size() + 3);
  return parse_number<std::uint64_t>(rest.substr(0, rest.find('\n')), base).value_or(0);
}

/// Ends the caller as the filter's kill would: by SIGSYS, or by SIGKILL where SIGSYS would not end it.
void kill_caller(pid_t thread) {
  const auto status = read_file("/proc/" + std::to_string(thread) + "/status", 65536);
  if (!status) return;
  const auto process = static_cast<pid_t>(status_number(*status, "Tgid", 10));
  const std::uint64_t handled = status_number(*status, "SigBlk", 16) | status_number(*status, "SigIgn", 16) |
                                status_number(*status, "SigCgt", 16);
  const bool deaf = (handled >> (SIGSYS - 1) & 1) != 0;
  if (process > 0) kill(process, deaf ? SIGKILL : SIGSYS);
}

/// Notifications in buffers as large as the running kernel's structs (SECCOMP_GET_NOTIF_SIZES).
struct Buffers {
  union {
    seccomp_notif notif;
    std::array<char, 512> space;
  } in{};
  union {
    seccomp_notif_resp resp;
    std::array<char, 512> space;
  } out{};
};

}  // namespace

BpfProgram listening_variant(const BpfProgram& program) {
  BpfProgram out = program;
  for (sock_filter& insn : out) {
    if (BPF_CLASS(insn.code) != BPF_RET) continue;
    if (BPF_RVAL(insn.code) == BPF_A) return {};
    if (is_refusal(insn.k)) insn.k = SECCOMP_RET_USER_NOTIF;
  }
  return out;
}

bool has_ended(int pidfd, int timeout_ms) {
  pollfd poll_fd{pidfd, POLLIN, 0};
  return poll(&poll_fd, 1, timeout_ms) > 0;
}

void Listener::wait(int child_fd, int signal_fd, const std::function<void()>& on_signal) {
  std::array<pollfd, 3> fds{{{child_fd, POLLIN, 0}, {signal_fd, POLLIN, 0}, {fd_, POLLIN, 0}}};
  if (poll(fds.data(), fds.size(), -1) <= 0) return;
  if ((fds[1].revents & POLLIN) != 0) on_signal();
  if ((fds[2].revents & POLLIN) != 0)
    answer_one();
  else if (fds[2].revents != 0)
    fd_ = -1;  // the last process under the filter is gone
}

void Listener::drain() {
  pollfd poll_fd{fd_, POLLIN, 0};
  while (fd_ >= 0 && poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLIN) != 0) answer_one();
}

bool Listener::hung_up() const {
  pollfd poll_fd{fd_, POLLIN, 0};
  return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLHUP | POLLERR)) != 0;
}

void Listener::leave_to_background() {
  if (fd_ < 0 || hung_up()) return;
  if (fork() != 0) return;
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  while (!hung_up()) {
    pollfd poll_fd{fd_, POLLIN, 0};
    if (poll(&poll_fd, 1, -1) > 0 && (poll_fd.revents & POLLIN) != 0) answer_one();
  }
  _exit(0);
}

void Listener::answer_one() {
  Buffers buffers;
  if (ioctl(fd_, SECCOMP_IOCTL_NOTIF_RECV, &buffers.in.notif) != 0) return;
  const seccomp_notif& notif = buffers.in.notif;
  const std::uint32_t value = run_bpf(program_, notif.data).value;
  remember(notif.data, value);
  buffers.out.resp.id = notif.id;
  buffers.out.resp.error = -EPERM;
  if (is_kill(value))
    kill_caller(static_cast<pid_t>(notif.pid));
  else
    buffers.out.resp.error = -static_cast<int>(value & SECCOMP_RET_DATA);
  ioctl(fd_, SECCOMP_IOCTL_NOTIF_SEND, &buffers.out.resp);
}

void Listener::remember(const seccomp_data& data, std::uint32_t value) {
  DeniedCall denied;
  denied.call.arch = arch_from_audit(data.arch, data.nr).value_or(native_arch());
  denied.call.number = static_cast<std::uint32_t>(data.nr);
  std::copy(std::begin(data.args), std::end(data.args), denied.call.args.begin());
  denied.name = syscall_name(denied.call.arch, data.nr);
  denied.value = value;
  denied.count = 1;
  const auto same = std::find_if(denied_.begin(), denied_.end(), [&](const DeniedCall& d) {
    return d.call.arch == denied.call.arch && d.call.number == denied.call.number && d.value == value;
  });
  if (same != denied_.end())
    ++same->count;
  else if (denied_.size() < kMaxDenied)
    denied_.push_back(std::move(denied));
}

}  // namespace cordon::seccomp
