#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace cordon {

/// Owns a file descriptor and closes it once. -1 means none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// "cannot open FILE: No such file or directory", with the code kIo.
Error errno_error(int error, std::string what, std::string where = {});

/// Opens for reading with O_CLOEXEC; "-" is standard input, duplicated. A directory is refused.
Result<UniqueFd> open_input(const std::string& path);

/// Reads up to size bytes, EINTR and EAGAIN retried; 0 at the end.
Result<std::size_t> read_some(int fd, char* buffer, std::size_t size, const std::string& where);

/// The whole file; more than max_bytes is an error that names the limit.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes = std::size_t{1} << 30);

/// Writes all, EINTR, EAGAIN and short writes retried.
Result<void> write_all(int fd, std::string_view bytes, const std::string& where);

}  // namespace cordon
