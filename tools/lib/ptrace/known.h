#pragma once

#include <string>
#include <vector>

#include "facts/operation.h"
#include "facts/trace.h"

namespace cordon {

/// The calls that a trace written by cordon-record knows already, at this detail or a finer one, and that a further run
/// may therefore let pass unseen: the most frequent first. At full detail only calls that touch no path, descriptor,
/// process or credential. Calls that the recorder itself depends on are never among them. A file that is not there
/// knows nothing; lines that are not of the written form are no knowledge either, so what they say is watched again.
std::vector<SyscallOp> known_calls(const std::string& trace, Detail detail);

}  // namespace cordon
