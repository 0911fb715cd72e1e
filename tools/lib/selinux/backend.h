#pragma once

#include "policy/backend.h"

namespace cordon {

/// SELinux: a module with its own domain and types, decided by libsepol.
const Backend& selinux_backend();

}  // namespace cordon
