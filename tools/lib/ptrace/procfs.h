#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cordon {

/// The text of a symlink; nothing if it cannot be read.
std::optional<std::string> read_link(const std::string& path);

/// "/proc/TASK/name".
std::string proc_path(pid_t task, std::string_view name);

/// What /proc/TASK/status says of credentials (proc(5)).
struct Credentials {
  bool known = false;
  std::uint32_t uid[4]{};  ///< real, effective, saved, file system
  std::uint32_t gid[4]{};
  std::vector<std::uint32_t> groups;
  std::uint64_t effective = 0;  ///< capabilities
  pid_t tgid = 0;
  pid_t parent = 0;
  pid_t tracer = 0;
  pid_t inner_tgid = 0;  ///< in its own pid namespace
  std::string comm;
  int seccomp = 0;  ///< 0 none, 1 strict, 2 filter
  bool no_new_privs = false;
  bool has(unsigned capability) const { return (effective >> capability & 1) != 0; }
};
Credentials read_credentials(pid_t task);
/// The same of a status file's text; what it lacks stays as above.
Credentials parse_credentials(std::string_view status);

std::vector<std::string> read_cmdline(pid_t task);
std::vector<std::string> parse_cmdline(std::string_view cmdline);
/// True if the process has ended and is not yet waited for.
bool is_zombie(pid_t task);
bool says_zombie(std::string_view stat);

std::string read_comm(pid_t task);

/// The numbers that name the entries of a /proc directory ("/proc/1/task", "/proc/1/fd"); unsorted.
std::vector<int> numbered_entries(const std::string& directory);

}  // namespace cordon
