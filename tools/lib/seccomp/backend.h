#pragma once

#include "policy/backend.h"

namespace cordon {

/// seccomp filters as OCI, Docker, Kubernetes and others write them; decided by running the compiled BPF.
const Backend& seccomp_backend();

}  // namespace cordon
