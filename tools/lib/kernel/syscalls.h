#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/arch.h"

namespace cordon {

/// The syscall's name, "" if neither libseccomp nor our list of newer calls knows the number. Lives for ever.
/// x32 numbers may be given with or without bit 30.
std::string_view syscall_name(Arch arch, std::int64_t number);

/// Its number on that ABI, or nothing. x32's numbers have bit 30 set.
std::optional<std::int32_t> syscall_number(Arch arch, std::string_view name);

/// True if the linked libseccomp resolves the name on that ABI (a filter can then be written by name).
bool libseccomp_knows(Arch arch, std::string_view name);

/// Every name of the ABI, sorted.
const std::vector<std::string_view>& all_syscalls(Arch arch);

}  // namespace cordon
