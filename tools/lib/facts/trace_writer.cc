#include "facts/trace_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/bytes.h"

namespace cordon {
namespace {

Result<UniqueFd> open_file(const std::string& path, bool append) {
  if (path == "-") {
    UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!out) return errno_error(errno, "cannot write to standard output");
    return out;
  }
  const int flags = O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | (append ? O_RDWR : O_WRONLY | O_TRUNC);
  UniqueFd file(::open(path.c_str(), flags, 0644));
  if (!file) {
    Error error = errno_error(errno, "cannot open for writing", printable(path));
    if (errno == ELOOP) error.hint = "it is a symbolic link, and those are not followed";
    return error;
  }
  return file;
}

/// The offset behind the last newline.
Result<off_t> whole_lines_end(int fd, const std::string& where) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return errno_error(errno, "cannot stat", where);
  off_t end = st.st_size;
  std::array<char, 4096> block{};
  while (end > 0) {
    const off_t start = end > static_cast<off_t>(block.size()) ? end - static_cast<off_t>(block.size()) : 0;
    const auto size = static_cast<std::size_t>(end - start);
    if (::pread(fd, block.data(), size, start) != static_cast<ssize_t>(size))
      return errno_error(EIO, "cannot read", where);
    const std::size_t newline = std::string_view(block.data(), size).rfind('\n');
    if (newline != std::string_view::npos) return start + static_cast<off_t>(newline) + 1;
    end = start;
  }
  return off_t{0};
}

Result<void> go_to_end(int fd, const std::string& where) {
  auto end = whole_lines_end(fd, where);
  if (!end) return end.error();
  if (::ftruncate(fd, *end) != 0 || ::lseek(fd, *end, SEEK_SET) < 0)
    return errno_error(errno, "cannot go to the end of", where);
  return {};
}

}  // namespace

Result<TraceWriter> TraceWriter::open(const std::string& path, bool append) {
  auto file = open_file(path, append);
  if (!file) return file.error();
  const std::string where = path == "-" ? "standard output" : printable(path);
  if (append && path != "-")
    if (auto moved = go_to_end(file->get(), where); !moved) return moved.error();
  return TraceWriter(std::move(*file), where);
}

Result<void> TraceWriter::write(std::string_view line) { return write_all(fd_.get(), line, where_); }

Result<void> TraceWriter::close() {
  if (::close(fd_.release()) != 0 && errno != EINTR) return errno_error(errno, "cannot write", where_);
  return {};
}

}  // namespace cordon
