#include "flow/data_dir.h"

#include <filesystem>

namespace cordon::flow {
namespace {

namespace fs = std::filesystem;

fs::path executable_dir() {
  std::error_code failed;
  const fs::path self = fs::read_symlink("/proc/self/exe", failed);
  return failed ? fs::path() : self.parent_path();
}

}  // namespace

Result<std::string> data_dir() {
  const fs::path here = executable_dir();
  for (const char* relative : {"../share/cordon", "../../.."}) {
    std::error_code failed;
    const fs::path candidate = fs::weakly_canonical(here / relative, failed);
    if (!failed && fs::is_directory(candidate / "profiles", failed)) return candidate.string();
  }
  return Error{ErrorCode::kEnvironment, "cannot find Cordon's data (profiles/)", here.string(),
               "install with 'cmake --install', or keep ../share/cordon beside the executable's folder"};
}

std::string sibling(const std::string& tool) { return (executable_dir() / tool).string(); }

}  // namespace cordon::flow
