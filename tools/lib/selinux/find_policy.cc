#include <dirent.h>
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

Result<std::string> find_file_contexts() {
  for (const std::string& type : installed()) {
    const std::string path = std::string(kRoot) + "/" + type + "/contexts/files/file_contexts";
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return none("file contexts");
}

}  // namespace cordon::selinux
