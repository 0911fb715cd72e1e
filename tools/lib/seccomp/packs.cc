#include "seccomp/packs.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

namespace cordon::seccomp {
namespace {

/// What the recorded programs ran, and what they read.
struct Paths {
  std::set<std::string> mapped;
  std::set<std::string> read;
};

Paths paths_of(const Policy& policy) {
  Paths out;
  for (const Rule& rule : policy.rules) {
    const Operation& operation = rule.grant().operation;
    out.mapped.insert(rule.grant().subject.exe);
    if (const auto* exec = std::get_if<ExecOp>(&operation)) {
      out.mapped.insert({exec->path, exec->interpreter, exec->loader});
    } else if (const auto* file = std::get_if<FileOp>(&operation)) {
      if (file->perms.has(FilePerm::kMapExec) || file->perms.has(FilePerm::kExec)) out.mapped.insert(file->path);
      if (file->perms.has(FilePerm::kRead)) out.read.insert(file->path);
    }
  }
  return out;
}

std::string first_match(const std::vector<std::string>& globs, const std::set<std::string>& paths) {
  const auto found = std::find_if(paths.begin(), paths.end(), [&](const std::string& path) {
    return std::any_of(globs.begin(), globs.end(),
                       [&](const std::string& glob) { return fnmatch(glob.c_str(), path.c_str(), 0) == 0; });
  });
  return found == paths.end() ? std::string() : *found;
}

}  // namespace

std::map<std::string, std::string> told_packs(const Policy& policy, const Data& data) {
  const Paths paths = paths_of(policy);
  std::map<std::string, std::string> out;
  for (const auto& [name, pack] : data.packs) {
    std::string told = first_match(pack.told_by_maps, paths.mapped);
    if (told.empty()) told = first_match(pack.told_by_reads, paths.read);
    if (!told.empty()) out.emplace(name, std::move(told));
  }
  return out;
}

}  // namespace cordon::seccomp
