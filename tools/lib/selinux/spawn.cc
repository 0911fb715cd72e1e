#include "selinux/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "base/text.h"

extern char** environ;

namespace cordon::selinux {

std::string read_pipe(int fd, std::size_t max_output) {
  std::string out;
  char buffer[4096];
  for (;;) {
    auto got = read_some(fd, buffer, sizeof buffer, "a program's output");
    if (!got || *got == 0) return out;
    if (out.size() < max_output) out.append(buffer, *got);
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return 127;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  const std::string all = std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/sbin:/sbin";
  for (std::string_view directory : split(all, ':')) {
    std::string candidate = std::string(directory) + "/" + name;
    if (!directory.empty() && directory.front() == '/' && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

Result<Ran> run_program(const std::vector<std::string>& argv, std::size_t max_output) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "cannot make a pipe");
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writer.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, writer.get(), 2);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, argv[0].c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return errno_error(failed, "cannot run " + argv[0]);
  writer.reset();
  Ran out;
  out.output = read_pipe(reader.get(), max_output);
  out.status = wait_for(pid);
  return out;
}

Result<TemporaryDirectory> TemporaryDirectory::make() {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base == nullptr || *base != '/' ? "/tmp" : base) + "/cordon-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return errno_error(errno, "cannot make a directory", path);
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, std::string())) {}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path_.c_str()), closedir);
  while (dir) {
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) break;
    unlink(file(entry->d_name).c_str());
  }
  rmdir(path_.c_str());
}

}  // namespace cordon::selinux
