#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "policy/backend.h"

namespace cordon::flow {

/// Every policy language, in the order in which they are reported. A fourth is a new room and one line here.
std::span<const Backend* const> backends();
const Backend* backend_named(std::string_view name);

/// The backends in a list as the user types it ("seccomp,apparmor"); all if it is empty.
Result<std::vector<const Backend*>> backends_in(const std::vector<std::string>& lists);

/// The backends' own options as rows, and `--for`; a name that several have is one row.
std::vector<cli::OptionRow> backend_option_rows();
/// A place as `--for` names it; nothing for another word.
std::optional<Platform> platform_named(std::string_view name);
/// What the user gave of those rows, and where the data lie.
Result<BackendOptions> backend_options(const cli::Arguments& arguments);

}  // namespace cordon::flow
