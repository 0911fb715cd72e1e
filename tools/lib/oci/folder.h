#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

/// Files that hostile hands may have prepared: no symbolic link is followed anywhere on the way.
namespace cordon::oci {

/// The folder of an absolute path, each part opened with O_NOFOLLOW. With `make`, folders that are missing are made
/// (0700 before umask).
Result<UniqueFd> open_folder(const std::string& path, bool make = false);

/// The part of a path before and behind its last '/'.
std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

/// A regular file for reading, at most `max_bytes` long.
Result<std::string> read_beneath(int folder, const std::string& name, const std::string& where, std::size_t max_bytes);

/// A new, empty file in the place of whatever has the name (a folder is refused), for reading and appending.
Result<UniqueFd> create_fresh(int folder, const std::string& name, const std::string& where, mode_t mode);

/// Writes through a temporary file in the same folder and rename(2), with mode and owner of `like` if that is a file.
Result<void> replace_file(int folder, const std::string& name, std::string_view bytes, const std::string& like);

/// "/proc/self/fd/N/name": the same file by a path that no symbolic link can bend.
std::string path_through(int folder, const std::string& name);

}  // namespace cordon::oci
