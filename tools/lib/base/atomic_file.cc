#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/bytes.h"
#include "base/fd.h"

namespace cordon {
namespace {

/// The directory's entry must reach the disk as well as the file's content (open(2), rename(2)).
Result<void> sync_directory(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error(errno, "cannot open the directory", printable(directory));
  if (::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS)
    return errno_error(errno, "cannot sync the directory", printable(directory));
  return {};
}

Result<void> fill(UniqueFd file, const std::string& temporary, std::string_view bytes, const std::string& where) {
  if (auto written = write_all(file.get(), bytes, where); !written) return written.error();
  if (::fsync(file.get()) != 0) return errno_error(errno, "cannot sync", where);
  if (::close(file.release()) != 0) return errno_error(errno, "cannot close", printable(temporary));
  return {};
}

}  // namespace

Result<void> write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode) {
  if (path == "-") return write_all(STDOUT_FILENO, bytes, "standard output");
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const std::string parent = directory.empty() ? "." : directory;
  std::string temporary = parent + "/.cordon-" + std::to_string(::getpid()) + "-XXXXXX";
  UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return errno_error(errno, "cannot create a file in", printable(parent));
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(file.get(), mode & ~mask & 0777);
  auto filled = fill(std::move(file), temporary, bytes, printable(path));
  if (filled && ::rename(temporary.c_str(), path.c_str()) != 0)
    filled = errno_error(errno, "cannot rename the finished file to", printable(path));
  if (!filled) {
    ::unlink(temporary.c_str());
    return filled;
  }
  return sync_directory(parent);
}

Result<void> make_directories(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return errno_error(failed.value(), "cannot make the directory", printable(path));
  return {};
}

}  // namespace cordon
