#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/fd.h"
#include "base/text.h"
#include "selinux/policydb.h"
#include "selinux/sepol.h"

namespace cordon::selinux {
namespace {

constexpr const char* kRoot = "/etc/selinux";

std::vector<std::string> entries(const std::string& directory) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (!dir) return out;
  while (const dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
  std::sort(out.begin(), out.end());
  return out;
}

/// The policy types installed here, that of /etc/selinux/config first.
std::vector<std::string> installed() {
  std::vector<std::string> out;
  if (auto config = read_file(std::string(kRoot) + "/config", 1 << 20))
    for (std::string_view line : split(*config, '\n'))
      if (line.starts_with("SELINUXTYPE=")) out.emplace_back(trim(line.substr(12)));
  for (const std::string& name : entries(kRoot))
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  return out;
}

std::optional<std::string> newest_in(const std::string& directory) {
  unsigned best = 0;
  for (const std::string& name : entries(directory)) {
    if (!name.starts_with("policy.")) continue;
    const auto version = parse_number<unsigned>(std::string_view(name).substr(7));
    if (version && *version <= POLICYDB_VERSION_MAX) best = std::max(best, *version);
  }
  if (best == 0) return std::nullopt;
  return directory + "/policy." + std::to_string(best);
}

bool only_root_writes(const struct stat& status) {
  return status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Error none(const std::string& what) {
  return Error{ErrorCode::kEnvironment, "no SELinux " + what + " found", std::string(kRoot),
               "install a policy (Debian: apt install selinux-policy-default) or name one"};
}

}  // namespace

Result<std::string> find_policy() {
  const std::string loaded = "/sys/fs/selinux/policy";
  if (access(loaded.c_str(), R_OK) == 0) return loaded;
  for (const std::string& type : installed())
    if (auto found = newest_in(std::string(kRoot) + "/" + type + "/policy")) return *found;
  return none("policy");
}

bool is_installed_policy(int fd) {
  struct stat status {};
  std::string name(4096, '\0');
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
  if (size <= 0 || static_cast<std::size_t>(size) >= name.size()) return false;
  name.resize(static_cast<std::size_t>(size));
  if (!name.starts_with(std::string(kRoot) + "/") && !name.starts_with("/sys/fs/selinux/")) return false;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !only_root_writes(status)) return false;
  for (std::size_t end = name.rfind('/'); end != name.npos; end = end == 0 ? name.npos : name.rfind('/', end - 1))
    if (lstat(name.substr(0, std::max<std::size_t>(end, 1)).c_str(), &status) != 0 || !only_root_writes(status))
      return false;
  return true;
}

Result<std::string> find_file_contexts() {
  for (const std::string& type : installed()) {
    const std::string path = std::string(kRoot) + "/" + type + "/contexts/files/file_contexts";
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return none("file contexts");
}

}  // namespace cordon::selinux
