#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

/// What is mapped in a task's memory, as /proc tells (proc(5)).
namespace cordon {

struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool executable = false;
  bool shared = false;
  std::string name;  ///< a path, "[heap]", "[stack]" or the like

  /// Shared memory without a name lies in a file that nobody can open: no file to SELinux (IS_PRIVATE in
  /// security/selinux/hooks.c).
  bool is_file() const {
    return name.starts_with('/') && !(shared && (name.starts_with("/dev/zero") || name.starts_with("/SYSV")));
  }
};

/// The first mapping that ends behind the address; none where nothing does, or the task does not tell.
std::optional<Mapping> mapping_from(pid_t task, std::uint64_t address);

/// True if the mapping there is private and has pages of its own in place of the file's: it was written to. The kernel
/// keeps that as vma->anon_vma, which security/selinux/hooks.c selinux_file_mprotect asks for.
bool has_changed_pages(pid_t task, std::uint64_t address);

/// The same from a file of maps or smaps, from where it stands.
std::optional<Mapping> find_mapping(FILE* maps, std::uint64_t address);
bool find_changed_pages(FILE* smaps, std::uint64_t address);

}  // namespace cordon
