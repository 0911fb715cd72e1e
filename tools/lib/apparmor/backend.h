#pragma once

#include "policy/backend.h"

namespace cordon {

/// AppArmor's profile language. One static instance.
const Backend& apparmor_backend();

}  // namespace cordon
