// Who belongs to a container or a cgroup, as /proc and the cgroup file systems tell (cgroups(7), pid_namespaces(7)).
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "oci/container.h"

namespace cordon::oci {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;
constexpr unsigned kDeepest = 64;
// Where hierarchies are mounted, the unified one first (systemd's layouts).
constexpr const char* kHierarchies[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids",
                                        "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/memory"};

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

bool is_cgroup(const std::string& folder) { return access((folder + "/cgroup.procs").c_str(), R_OK) == 0; }

void gather(const std::string& folder, std::set<pid_t>& pids, unsigned depth) {
  const auto text = read_file(folder + "/cgroup.procs", kMostBytes);
  if (!text || depth > kDeepest) return;
  for (const std::string_view line : split(*text, '\n'))
    if (const auto pid = parse_number<pid_t>(line); pid && *pid > 0) pids.insert(*pid);
  const Directory dir(opendir(folder.c_str()), closedir);
  if (!dir) return;
  while (const dirent* entry = readdir(dir.get()))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') gather(folder + "/" + entry->d_name, pids, depth + 1);
}

std::string pid_namespace(const std::string& process) {
  char target[64];
  const ssize_t size = readlink(("/proc/" + process + "/ns/pid").c_str(), target, sizeof target);
  return size < 0 ? "" : std::string(target, static_cast<std::size_t>(size));
}

pid_t parent_of(const char* process) {
  const auto text = read_file(std::string("/proc/") + process + "/stat", 4096);
  const std::size_t name_end = text ? (*text).rfind(')') : std::string::npos;  // the name may hold anything
  if (name_end == std::string::npos || name_end + 4 >= (*text).size()) return 0;
  const std::string_view rest = std::string_view(*text).substr(name_end + 4);
  return parse_number<pid_t>(rest.substr(0, rest.find(' '))).value_or(0);
}

/// The processes of a pid namespace that is not ours, and those in namespaces below: what comes of its processes.
void gather_namespace(const std::string& wanted, std::set<pid_t>& pids) {
  const Directory dir(opendir("/proc"), closedir);
  std::vector<std::pair<pid_t, pid_t>> others;
  while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
    const auto pid = parse_number<pid_t>(entry->d_name);
    if (!pid) continue;
    if (pid_namespace(entry->d_name) == wanted)
      pids.insert(*pid);
    else
      others.emplace_back(*pid, parent_of(entry->d_name));
  }
  for (std::size_t before = pids.size() + 1; before != pids.size();) {
    before = pids.size();
    for (const auto& [pid, parent] : others)
      if (pids.count(parent) != 0) pids.insert(pid);
  }
}

/// The lines of /proc/PROCESS/cgroup.
std::set<std::string> cgroup_lines(const std::string& process) {
  std::set<std::string> lines;
  const auto text = read_file("/proc/" + process + "/cgroup", kMostBytes);
  if (!text) return lines;
  for (const std::string_view line : split(*text, '\n')) lines.emplace(line);
  return lines;
}

/// The folders of a process's cgroups that it does not share with us.
std::vector<std::string> own_folders(const std::string& process) {
  const std::set<std::string> ours = cgroup_lines("self");
  std::vector<std::string> folders;
  for (const std::string& line : cgroup_lines(process)) {
    const std::vector<std::string_view> parts = split(line, ':');  // "4:memory:/path", "0::/path"
    if (parts.size() < 3 || ours.count(line) != 0) continue;
    const std::string path = line.substr(parts[0].size() + parts[1].size() + 2);
    if (path == "/" || path.starts_with("/..")) continue;  // ours is below it
    std::string controller(parts[1]);
    if (controller.starts_with("name=")) controller.erase(0, 5);
    const std::vector<std::string> tops = controller.empty()
                                              ? std::vector<std::string>{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}
                                              : std::vector<std::string>{"/sys/fs/cgroup/" + controller};
    for (const std::string& top : tops)
      if (is_cgroup(top + path)) folders.push_back(top + path);
  }
  return folders;
}

Members members_of(std::vector<std::string> folders, std::string space) {
  return [folders = std::move(folders), space = std::move(space)] {
    std::set<pid_t> pids;
    for (const std::string& folder : folders) gather(folder, pids, 0);
    if (!space.empty()) gather_namespace(space, pids);
    return std::vector<pid_t>(pids.begin(), pids.end());
  };
}

}  // namespace

Result<Members> container_members(pid_t first) {
  const std::string process = std::to_string(first);
  std::string space = pid_namespace(process);
  if (space == pid_namespace("self")) space.clear();
  // Its cgroup may be one that it shares with others (--cgroups=disabled): its own namespace is the surer sign.
  std::vector<std::string> folders = space.empty() ? own_folders(process) : std::vector<std::string>{};
  if (space.empty() && folders.empty())
    return Error{ErrorCode::kEnvironment, "the container has neither a pid namespace nor a cgroup of its own", process,
                 "give its processes with -p"};
  return members_of(std::move(folders), std::move(space));
}

Result<Members> cgroup_members(const std::string& path) {
  std::vector<std::string> tried;
  if (path.starts_with("/sys/"))
    tried.push_back(path);
  else
    for (const char* top : kHierarchies) tried.push_back(std::string(top) + (path.starts_with('/') ? "" : "/") + path);
  for (const std::string& folder : tried)
    if (is_cgroup(folder)) return members_of({folder}, "");
  return Error{ErrorCode::kBadInput, "no such cgroup, or it cannot be read", printable(path),
               "give its folder below /sys/fs/cgroup, or its path as /proc/PID/cgroup has it"};
}

}  // namespace cordon::oci
