#include "ptrace/mappings.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
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
using File = std::unique_ptr<FILE, Closer>;

File open_of(pid_t task, const char* name) { return File(std::fopen(proc_path(task, name).c_str(), "re")); }

/// A file's lines, however long: a name of newlines is four times as long here as its path may be.
class Lines {
 public:
  explicit Lines(FILE* file) : file_(file) {}
  ~Lines() { std::free(line_); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  /// Without its newline; null behind the last.
  const char* next() {
    const ssize_t size = file_ == nullptr ? -1 : getline(&line_, &room_, file_);
    if (size < 0) return nullptr;
    if (size > 0 && line_[size - 1] == '\n') line_[size - 1] = '\0';
    return line_;
  }

 private:
  FILE* file_;
  char* line_ = nullptr;
  std::size_t room_ = 0;
};

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
  return found == 3 && std::strlen(head.perms) == 4 ? std::optional(head) : std::nullopt;
}

/// As the kernel has it: maps writes a newline in a name as "\012" (fs/seq_file.c mangle_path).
std::string unmangled(std::string name) {
  for (std::size_t at = 0; (at = name.find("\\012", at)) != std::string::npos; ++at) {
    name[at] = '\n';
    name.erase(at + 1, 3);
  }
  return name;
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
    return errno == ENOTTY || errno == ENAMETOOLONG ? find_mapping(open_of(task, "maps").get(), address) : std::nullopt;
  return Mapping{query.start, query.end, (query.vma_flags & kExecutable) != 0, (query.vma_flags & kShared) != 0, name};
}

std::optional<Mapping> find_mapping(FILE* maps, std::uint64_t address) {
  Lines lines(maps);
  while (const char* line = lines.next()) {
    const auto head = head_of(line);
    if (!head || head->end <= address) continue;
    std::string name = unmangled(head->name == 0 ? "" : line + head->name);
    return Mapping{head->begin, head->end, head->perms[2] == 'x', head->perms[3] == 's', std::move(name)};
  }
  return std::nullopt;
}

bool has_changed_pages(pid_t task, std::uint64_t address) {
  return find_changed_pages(open_of(task, "smaps").get(), address);
}

bool find_changed_pages(FILE* smaps, std::uint64_t address) {
  Lines lines(smaps);
  bool here = false;
  while (const char* line = lines.next()) {
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
