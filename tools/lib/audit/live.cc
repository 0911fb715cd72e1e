#include "audit/live.h"

#include <libaudit.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/klog.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "audit/record_type.h"
#include "audit/scanner.h"
#include "base/fd.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

constexpr int kSilenceMs = 500;    // an event without news for so long is complete
constexpr int kLookAgainMs = 200;  // how often a followed file is looked at
constexpr std::size_t kChunk = 256 * 1024;
constexpr int kRoom = 8 * 1024 * 1024;  // bytes that the kernel may hold for a slow reader

/// SIGINT and SIGTERM as a descriptor, so that what was gathered is still reported.
class StopSignals {
 public:
  StopSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before_);
    fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~StopSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// True if a signal came within the time; also returns when `other` has news.
  bool wait(int timeout_ms, int other = -1) {
    pollfd fds[] = {{fd_.get(), POLLIN, 0}, {other, POLLIN, 0}};
    poll(fds, 2, timeout_ms);
    news_ = (fds[1].revents & POLLIN) != 0;
    // Taken from the queue, or it would end us as soon as it is no longer blocked.
    signalfd_siginfo taken{};
    return (fds[0].revents & POLLIN) != 0 && ::read(fd_.get(), &taken, sizeof taken) > 0;
  }
  bool news() const { return news_; }

 private:
  sigset_t before_{};
  UniqueFd fd_;
  bool news_ = false;
};

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

/// A log that grows, and its successor when it is rotated.
class Follower {
 public:
  Follower(LogReader& reader, std::string path) : reader_(reader), path_(std::move(path)) {}

  Result<void> open() {
    auto fd = open_input(path_);
    if (!fd) return fd.error();
    fd_ = *std::move(fd);
    offset_ = 0;
    return {};
  }

  /// Reads what there is; true if there was something.
  bool drain() {
    std::string text(kChunk, '\0');
    bool any = false;
    for (;;) {
      const auto got = read_some(fd_.get(), text.data(), text.size(), path_);
      if (!got || *got == 0) return any;
      any = true;
      offset_ += *got;
      partial_.append(text, 0, *got);
      const std::size_t end = partial_.rfind('\n');
      if (end == std::string::npos) {
        // Of a line longer than any may be only so much is kept as shows that it is.
        partial_.resize(std::min(partial_.size(), kMaxLine + 1));
        continue;
      }
      reader_.feed(std::string_view(partial_).substr(0, end + 1), path_);
      partial_.erase(0, end + 1);
    }
  }

  /// Goes over to the successor if the name now means another file, or to the start if the file was cut.
  void turn_over() {
    struct stat now {
    }, held{};
    if (stat(path_.c_str(), &now) != 0 || fstat(fd_.get(), &held) != 0) return;
    const bool cut = same_file(now, held) && static_cast<std::uint64_t>(now.st_size) < offset_;
    if (same_file(now, held) && !cut) return;
    drain();
    finish();
    if (cut) {
      offset_ = 0;
      lseek(fd_.get(), 0, SEEK_SET);
    } else if (auto fd = open_input(path_)) {
      fd_ = *std::move(fd);
      offset_ = 0;
    }
    drain();
  }

  void finish() {
    if (!partial_.empty()) reader_.feed(partial_, path_);
    partial_.clear();
  }

 private:
  LogReader& reader_;
  std::string path_;
  UniqueFd fd_;
  std::string partial_;
  std::uint64_t offset_ = 0;
};

}  // namespace

Result<void> follow(LogReader& reader, const std::string& path) {
  StopSignals stop;
  Follower follower(reader, path);
  if (auto opened = follower.open(); !opened) return opened;
  int silent_ms = 0;
  do {
    silent_ms = follower.drain() ? 0 : silent_ms + kLookAgainMs;
    if (silent_ms >= kSilenceMs) reader.flush();
    follower.turn_over();
  } while (!stop.wait(kLookAgainMs));
  follower.drain();
  follower.finish();
  reader.flush();
  return {};
}

Result<void> read_multicast(LogReader& reader) {
  UniqueFd socket_fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1u << (AUDIT_NLGRP_READLOG - 1);
  if (!socket_fd || bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return Error{
        ErrorCode::kEnvironment,
        std::string("cannot join the kernel's audit group: ") + std::strerror(errno),
        {},
        "it needs CAP_AUDIT_READ and a kernel with CONFIG_AUDIT; --follow /var/log/audit/audit.log reads auditd's log"};
  // The kernel drops what a slow reader has no room for; with CAP_NET_ADMIN the room may exceed the host's limit.
  const int room = kRoom;
  if (setsockopt(socket_fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    static_cast<void>(setsockopt(socket_fd.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room));
  StopSignals stop;
  std::uint64_t overruns = 0;
  alignas(nlmsghdr) char buffer[MAX_AUDIT_MESSAGE_LENGTH + sizeof(nlmsghdr)];
  while (!stop.wait(kSilenceMs, socket_fd.get())) {
    if (!stop.news()) {
      reader.flush();
      continue;
    }
    const ssize_t size = recv(socket_fd.get(), buffer, sizeof buffer, 0);
    if (size < 0 && errno == ENOBUFS)
      ++overruns;
    else if (size < 0 && errno != EAGAIN && errno != EINTR)
      return errno_error(errno, "cannot read the kernel's records", "audit multicast");
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) continue;
    nlmsghdr head{};
    std::memcpy(&head, buffer, sizeof head);
    const std::string_view text(buffer + sizeof head, static_cast<std::size_t>(size) - sizeof head);
    reader.feed("type=" + record_type_name(static_cast<RecordType>(head.nlmsg_type)) +
                    " msg=" + std::string(text.substr(0, text.find('\0'))) + "\n",
                "audit multicast");
  }
  reader.flush();
  if (overruns > 0)
    return Error{ErrorCode::kBadInput,
                 counted(overruns, "time") + " the kernel had more records than there was room for, and dropped them",
                 "audit multicast", "read auditd's log, which waits: --follow /var/log/audit/audit.log"};
  return {};
}

Result<std::string> kernel_messages() {
  constexpr int kReadAll = 3, kSizeBuffer = 10;
  const int size = klogctl(kSizeBuffer, nullptr, 0);
  std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  const int got = size > 0 ? klogctl(kReadAll, text.data(), size) : -1;
  if (got < 0)
    return Error{ErrorCode::kEnvironment,
                 std::string("cannot read the kernel's messages: ") + std::strerror(errno),
                 {},
                 "run as root, or give the output of dmesg"};
  text.resize(static_cast<std::size_t>(got));
  return text;
}

}  // namespace cordon::audit
