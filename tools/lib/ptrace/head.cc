#include "ptrace/head.h"

#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <ctime>

#include "base/bytes.h"

namespace cordon {
namespace {

std::string random_run_id() {
  std::string bytes(16, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return to_hex(bytes);
}

std::string current_directory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof path) == nullptr ? "" : path;
}

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? path : resolved;
}

}  // namespace

std::int64_t now_in_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

Head make_head(const RecordOptions& options, std::string_view engine, const std::string& program, bool filtered) {
  Head head;
  head.run = random_run_id();
  head.label = options.label;
  head.notes = options.notes;
  head.tool = options.tool;
  head.engine = engine;
  head.detail = options.detail;
  utsname system{};
  if (uname(&system) == 0) {
    head.kernel = system.release;
    head.arch = system.machine;
  }
  head.argv = options.argv;
  head.cwd = current_directory();
  head.program = real_path(program);
  head.started_ms = now_in_ms();
  if (filtered)
    for (const SyscallOp& call : options.known) head.unwatched.push_back(call.name);
  std::sort(head.unwatched.begin(), head.unwatched.end());
  head.unwatched.erase(std::unique(head.unwatched.begin(), head.unwatched.end()), head.unwatched.end());
  return head;
}

}  // namespace cordon
