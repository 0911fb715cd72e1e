#pragma once

#include "ptrace/engine.h"

namespace cordon {

/// A run's head but for its notes: a fresh run id, the machine, the command.
Head make_head(const RecordOptions& options, std::string_view engine, const std::string& program, bool filtered);

/// Milliseconds since the epoch, by the coarse clock: no system call.
std::int64_t now_in_ms();

}  // namespace cordon
