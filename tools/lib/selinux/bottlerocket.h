#pragma once

#include <string>

#include "policy/policy.h"
#include "selinux/container_info.h"

namespace cordon::selinux {

/// Which of Bottlerocket's own types fits the container, and why: the least one that may write what of the host was
/// written, or what is mounted writable where there is no recording. Either may be null.
std::string bottlerocket_type(const Policy* recorded, const ContainerInfo* info);

}  // namespace cordon::selinux
