#pragma once

#include <memory>
#include <string>

#include "triage/prover.h"

namespace cordon::triage {

/// Asks a binary policy by libsepol, and file contexts by libselinux; `file_contexts` may be empty. What was logged
/// elsewhere is judged by these two files alone: this machine's disk and loaded policy are never looked at.
Result<std::unique_ptr<Prover>> selinux_prover(const std::string& policy, const std::string& file_contexts);

}  // namespace cordon::triage
