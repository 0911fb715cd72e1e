#include "in_place_sink.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/text.h"
#include "ptrace/procfs.h"

namespace cordon {
namespace {

constexpr int kMostWithoutProc = 1024;
constexpr std::string_view kOwnDescriptors = "/proc/self/fd/";

std::vector<int> open_descriptors() {
  std::vector<int> all = numbered_entries("/proc/self/fd");
  if (!all.empty()) return all;
  for (int fd = 0; fd < kMostWithoutProc; ++fd) all.push_back(fd);
  return all;
}

/// The memory that /proc/PID/cmdline shows.
char* words_begin = nullptr;
char* words_end = nullptr;

void show_name_only() {
  constexpr std::string_view kName = "cordon-record";
  if (words_begin == nullptr || static_cast<std::size_t>(words_end - words_begin) <= kName.size()) return;
  std::memset(words_begin, 0, static_cast<std::size_t>(words_end - words_begin));
  kName.copy(words_begin, kName.size());
  prctl(PR_SET_NAME, kName.data(), 0, 0, 0);
}

}  // namespace

void remember_words(int argc, char** argv) {
  if (argc < 1) return;
  words_begin = argv[0];
  words_end = argv[argc - 1] + std::strlen(argv[argc - 1]);
}

std::vector<int> inherited_descriptors() {
  std::vector<int> inherited;
  for (const int fd : open_descriptors()) {
    const int flags = fcntl(fd, F_GETFD);
    if (fd > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0) inherited.push_back(fd);
  }
  return inherited;
}

void keep_own_program_back(const char* argv0) {
  const std::string_view name = argv0 == nullptr ? "" : argv0;
  if (!name.starts_with(kOwnDescriptors)) return;
  const auto fd = parse_number<int>(name.substr(kOwnDescriptors.size()));
  struct stat one {};
  struct stat own {};
  const bool same = fd && *fd > STDERR_FILENO && fstat(*fd, &one) == 0 && stat("/proc/self/exe", &own) == 0 &&
                    one.st_dev == own.st_dev && one.st_ino == own.st_ino;
  if (same) fcntl(*fd, F_SETFD, FD_CLOEXEC);
}

Result<void> InPlaceSink::on_head(const Head& head) {
  if (Result<void> opened = trace_.on_head(head); !opened) return opened;
  for (const int fd : inherited_) close(fd);
  inherited_.clear();
  if (chdir("/") != 0) return errno_error(errno, "cannot go to /");
  show_name_only();
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return {};
}

}  // namespace cordon
