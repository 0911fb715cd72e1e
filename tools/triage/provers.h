#pragma once

#include <memory>
#include <vector>

#include "cli/command.h"
#include "triage/prover.h"

namespace cordon::triage_tool {

using Provers = std::vector<std::unique_ptr<triage::Prover>>;

/// What the command line gives to try fixes against. Without --policy, this machine's own is used if there is one,
/// and a note says so; what was asked for by name and cannot be read is an error.
Result<Provers> make_provers(const cli::Arguments& arguments, std::vector<std::string>& notes,
                             Diagnostics& diagnostics);

}  // namespace cordon::triage_tool
