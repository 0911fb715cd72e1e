#pragma once

#include <string>
#include <vector>

#include "flow/synthesise.h"

namespace cordon::flow {

/// A name that can be a file name, a profile name and, squeezed, an SELinux type: not empty, at most 100 bytes, no
/// '/', no control byte, not "." or "..", no leading '-'. Everything else is refused with the reason.
Result<void> check_name(const std::string& name);

/// What was seen, in one line for each kind: programs, syscalls, files, network, capabilities.
std::string seen_text(const Trace& trace);

/// What one backend made: its files, what they allow, what was added without being seen, what could not be said.
std::string synthesis_text(const Synthesis& synthesis, const Policy& policy, bool colour = false);

/// The verdict, and up to `most` of the facts that were denied or not decided.
std::string proof_text(const std::string& label, const Proof& proof, const Trace& trace, std::size_t most,
                       bool colour = false);

}  // namespace cordon::flow
