#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace cordon {

/// Writes through a temporary file in the same directory, fsync and rename(2): readers see the old file or the whole
/// new one. A symlink at `path` is replaced, never followed. "-" writes to standard output. `mode` before umask.
Result<void> write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode = 0644);

/// Makes the directory and its parents (0755 before umask); an existing directory is fine.
Result<void> make_directories(const std::string& path);

}  // namespace cordon
