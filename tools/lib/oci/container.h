#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cordon::oci {

struct RunningContainer {
  std::string id;
  std::string name;  ///< empty if none is known
  pid_t pid = 0;     ///< its first process, as we see it
};

/// The running container of that id, unique start of an id, or name. kBadInput if there is none or more than one,
/// kEnvironment if it does not run. `root` as in places.h.
Result<RunningContainer> find_container(const std::string& word, const std::string& root = "");

/// Who is in a group of processes now.
using Members = std::function<std::vector<pid_t>()>;

/// All processes of a container: those in its pid namespace and below; if it shares ours, those in its cgroup and
/// below. kEnvironment if it shares both with us.
Result<Members> container_members(pid_t first);

/// All processes of a cgroup and those below. `path` is a folder of a cgroup file system, or as /proc/PID/cgroup has
/// it.
Result<Members> cgroup_members(const std::string& path);

}  // namespace cordon::oci
