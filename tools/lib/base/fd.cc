#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"

namespace cordon {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Error errno_error(int error, std::string what, std::string where) {
  return {ErrorCode::kIo, std::move(what) + ": " + std::strerror(error), std::move(where), {}};
}

namespace {

/// Whether the call is to be made again: a signal came between, or a descriptor that somebody else made non-blocking
/// was not ready, and now is.
bool again(int error, int fd, short event) {
  if (error == EINTR) return true;
  if (error != EAGAIN && error != EWOULDBLOCK) return false;
  pollfd wait{fd, event, 0};
  return ::poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

int open_for_reading(const std::string& path) {
  int fd = -1;
  do fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  while (fd < 0 && errno == EINTR);  // a pipe that waits for its writer
  return fd;
}

}  // namespace

Result<UniqueFd> open_input(const std::string& path) {
  if (path == "-") {
    UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!fd) return errno_error(errno, "cannot read standard input");
    return fd;
  }
  UniqueFd fd(open_for_reading(path));
  if (!fd) return errno_error(errno, "cannot open", printable(path));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "cannot stat", printable(path));
  if (S_ISDIR(st.st_mode)) return errno_error(EISDIR, "cannot read", printable(path));
  return fd;
}

Result<std::size_t> read_some(int fd, char* buffer, std::size_t size, const std::string& where) {
  while (true) {
    const ssize_t got = ::read(fd, buffer, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (!again(errno, fd, POLLIN)) return errno_error(errno, "cannot read", where);
  }
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  auto fd = open_input(path);
  if (!fd) return fd.error();
  std::string content;
  std::string block(4 * 1024, '\0');  // most files of /proc are shorter
  while (true) {
    auto got = read_some(fd->get(), block.data(), block.size(), printable(path));
    if (!got) return got.error();
    if (*got == 0) return content;
    if (content.size() + *got > max_bytes)
      return Error{ErrorCode::kBadInput,
                   "larger than the limit of " + std::to_string(max_bytes) + " bytes",
                   printable(path),
                   {}};
    content.append(block, 0, *got);
    if (*got == block.size()) block.resize(64 * 1024);
  }
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& where) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && again(errno, fd, POLLOUT)) continue;
    if (put < 0) return errno_error(errno, "cannot write", where);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace cordon
