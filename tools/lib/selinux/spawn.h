#pragma once

#include <sys/types.h>
#include <optional>

#include <string>
#include <vector>

#include "base/result.h"

namespace cordon::selinux {

/// The file name of a program, looked up in PATH and the sbin directories; nothing if it is not there.
std::optional<std::string> find_program(const std::string& name);

struct Ran {
  int status = 0;      ///< exit code; 128 + N for signal N
  std::string output;  ///< standard output and error together, cut at the limit
};

/// Runs argv[0] (a path) without a shell, standard input from /dev/null.
Result<Ran> run_program(const std::vector<std::string>& argv, std::size_t max_output = std::size_t{64} << 10);

/// What comes through a pipe until its end, cut soon after the limit.
std::string read_pipe(int fd, std::size_t max_output);
/// Reaps a child: its exit code; 128 + N for signal N.
int wait_for(pid_t pid);

/// A directory of mode 0700 under TMPDIR, removed with its plain files when the value goes.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> make();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace cordon::selinux
