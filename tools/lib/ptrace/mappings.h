#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

/// What is mapped in a task's memory, as /proc tells (proc(5)).
namespace cordon {

/// The file whose mapping covers the address; "" if it is no file.
std::string mapped_file(pid_t task, std::uint64_t address);

/// True if the mapping there is private and has pages of its own in place of the file's: it was written to. The kernel
/// keeps that as vma->anon_vma, which security/selinux/hooks.c selinux_file_mprotect asks for.
bool has_changed_pages(pid_t task, std::uint64_t address);

}  // namespace cordon
