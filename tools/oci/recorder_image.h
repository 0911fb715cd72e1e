#pragma once

#include <string>

#include "base/fd.h"

namespace cordon::oci {

/// A sealed copy of the static recorder in memory: the container executes it without any file of the host being in its
/// reach, and nothing can be written into it (memfd_create(2), F_ADD_SEALS). `label`: an SELinux label for it, or "".
Result<UniqueFd> recorder_image(const std::string& path, const std::string& label);

/// Labels an open file for SELinux; without SELinux, or the right to, nothing happens.
void label_file(int fd, const std::string& label);

/// An error if a profile (linux.seccomp of a bundle, as text) keeps the recorder from working; "" allows all.
Result<void> check_filter(const std::string& seccomp, const std::string& where);

}  // namespace cordon::oci
