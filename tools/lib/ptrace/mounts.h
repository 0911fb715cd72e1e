#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Where files of one mount namespace lie in another: proc_pid_mountinfo(5).
namespace cordon {

struct MountRow {
  std::string device;  ///< "major:minor" of the file system
  std::string root;    ///< the directory of the file system that is mounted
  std::string point;   ///< where, as the reader of the table sees it
};

/// The rows of a mountinfo table, in its order; lines that are none are left out.
std::vector<MountRow> parse_mountinfo(std::string_view table);

/// What a path under `theirs` is called under `ours`; empty if no mount of ours shows it. A later mount may hide the
/// place: the caller has to look whether the same file is there.
std::string translate_path(const std::vector<MountRow>& theirs, const std::vector<MountRow>& ours,
                           std::string_view path);

}  // namespace cordon
