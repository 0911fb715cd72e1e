#include "ptrace/mappings.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "ptrace/procfs.h"

namespace cordon {
namespace {

struct Closer {
  void operator()(FILE* file) const { std::fclose(file); }
};
using Lines = std::unique_ptr<FILE, Closer>;

constexpr std::size_t kLine = 5000;  // a path's PATH_MAX and what stands before it

/// The first line of a mapping: "begin-end perms offset device inode   name".
struct Head {
  unsigned long long begin = 0;
  unsigned long long end = 0;
  char perms[8] = "";
  int name = 0;  ///< where the name begins
  bool covers(std::uint64_t address) const { return address >= begin && address < end; }
};

std::optional<Head> head_of(const char* line) {
  Head head;
  const int found = std::sscanf(line, "%llx-%llx %7s %*s %*s %*s %n", &head.begin, &head.end, head.perms, &head.name);
  return found == 3 ? std::optional(head) : std::nullopt;
}

std::optional<Mapping> listed(pid_t task, std::uint64_t address) {
  const Lines maps(std::fopen(proc_path(task, "maps").c_str(), "re"));
  char line[kLine];
  while (maps && std::fgets(line, sizeof line, maps.get()) != nullptr) {
    const auto head = head_of(line);
    if (!head || head->end <= address) continue;
    std::string name = head->name == 0 ? "" : line + head->name;
    if (!name.empty() && name.back() == '\n') name.pop_back();
    return Mapping{head->begin, head->end, head->perms[2] == 'x', head->perms[3] == 's', std::move(name)};
  }
  return std::nullopt;
}

// linux/fs.h PROCMAP_QUERY (6.11): one ioctl instead of reading the whole table.
struct ProcmapQuery {
  std::uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
  std::uint32_t major, minor, name_size, build_id_size;
  std::uint64_t name_address, build_id_address;
};

}  // namespace

std::optional<Mapping> mapping_from(pid_t task, std::uint64_t address) {
  constexpr std::uint64_t kExecutable = 4, kShared = 8, kThisOrNext = 16;  // PROCMAP_QUERY_*
  const UniqueFd maps(open(proc_path(task, "maps").c_str(), O_RDONLY | O_CLOEXEC));
  if (!maps) return std::nullopt;
  char name[4096] = "";
  ProcmapQuery query{};
  query.size = sizeof query;
  query.flags = kThisOrNext;
  query.address = address;
  query.name_address = reinterpret_cast<std::uintptr_t>(name);
  query.name_size = sizeof name;
  if (ioctl(maps.get(), _IOWR('f', 17, ProcmapQuery), &query) != 0)
    return errno == ENOTTY || errno == ENAMETOOLONG ? listed(task, address) : std::nullopt;
  return Mapping{query.start, query.end, (query.vma_flags & kExecutable) != 0, (query.vma_flags & kShared) != 0, name};
}

bool has_changed_pages(pid_t task, std::uint64_t address) {
  const Lines smaps(std::fopen(proc_path(task, "smaps").c_str(), "re"));
  char line[kLine];
  bool here = false;
  while (smaps && std::fgets(line, sizeof line, smaps.get()) != nullptr) {
    unsigned long long kilobytes = 0;
    if (const auto head = head_of(line)) {
      if (here) return false;
      here = head->covers(address) && head->perms[3] == 'p';
    } else if (here && std::sscanf(line, "Anonymous: %llu kB", &kilobytes) == 1) {
      return kilobytes > 0;
    }
  }
  return false;
}

}  // namespace cordon
