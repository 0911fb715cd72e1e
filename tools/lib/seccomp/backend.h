#pragma once

#include "policy/backend.h"
#include "seccomp/read.h"

namespace cordon {

/// seccomp filters as OCI, Docker, Kubernetes and others write them; decided by running the compiled BPF.
const Backend& seccomp_backend();

namespace seccomp {

/// What a profile of the dialect is resolved against: this machine's ABI, and the capabilities of --container-caps.
Host host_for(const BackendOptions& options, Dialect dialect);

}  // namespace seccomp

}  // namespace cordon
