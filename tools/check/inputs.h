#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "policy/backend.h"

namespace cordon::check_tool {

/// Files that are one profile in one language.
struct ProfileFiles {
  const Backend* backend = nullptr;
  std::vector<std::string> files;
};

/// The words of the command line, told apart by content: profiles, recordings, and the rest, which are logs.
struct Inputs {
  std::vector<ProfileFiles> profiles;
  std::vector<std::string> traces;
  std::vector<std::string> logs;
  std::vector<std::string> reports;  ///< what learn writes beside the profiles; nothing to decide with
};

/// Looks at the start of each file. SELinux files of one stem in one folder are one profile.
Result<Inputs> sort_inputs(const std::vector<std::string>& paths);

}  // namespace cordon::check_tool
