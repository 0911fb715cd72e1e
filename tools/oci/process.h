#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cordon::oci {

/// Becomes the program; comes back only if that fails.
Error become(const std::string& program, const std::vector<std::string>& arguments);

/// Runs the program. It finds each descriptor of `handed` (ours, its) under its number. Signals that are sent to us go
/// on to it. `look` is called every 10 ms until it says true. Gives the wait status.
Result<int> run_through(const std::string& program, const std::vector<std::string>& arguments,
                        const std::vector<std::pair<int, int>>& handed, const std::function<bool()>& look = nullptr);

/// The code of a wait status as a shell has it.
int code_of(int status);

}  // namespace cordon::oci
