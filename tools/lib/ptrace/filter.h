#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "facts/operation.h"

namespace cordon {

/// Where the filter sends what the recording wants to see.
enum class FilterAction : std::uint8_t { kTrace, kNotify };

/// The recorder's seccomp program: every call of every ABI goes to the recorder, but for the `known` ones, which are
/// allowed unseen. A known call with argument predicates is skipped only if all of them hold. Calls whose tracing the
/// recorder needs to stay correct (those that fork, exec, exit or install filters, and at full detail those that
/// resolve paths or make descriptors) are never skipped. At most 4096 instructions (BPF_MAXINSNS): known calls that do
/// not fit are watched.
std::vector<sock_filter> recorder_filter(FilterAction action, const std::vector<SyscallOp>& known);

/// Installs it in the calling task with flags (SECCOMP_FILTER_FLAG_*); async-signal-safe. Sets no_new_privs only if
/// the kernel demands it and says so. 0 or a listener's descriptor; -errno on failure.
int install_filter(const std::vector<sock_filter>& program, unsigned flags, bool& needed_no_new_privs);

}  // namespace cordon
