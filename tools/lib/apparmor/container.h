#pragma once

#include <string>
#include <vector>

#include "policy/backend.h"
#include "policy/policy.h"

namespace cordon::apparmor {

/// Container engines apply a profile by its name, to a root that is not the host's.
bool is_container(Platform platform);

/// A policy as the container sees it, and what was done for that.
struct ContainerView {
  Policy policy;
  std::vector<std::string> remarks;
};

/// Takes off names the folder under which the engine keeps the container's root (profiles/apparmor/containers.json),
/// and leaves out what the runtime itself did to set the container up. Where the runtime was the recorded program, the
/// first program that it started is the profile's.
ContainerView container_view(const Policy& policy);

/// The name within the container; the same name if no known root leads to it.
std::string within_container(const std::string& path);

/// The operation with its names as the container sees them; adds to `stripped` how many were changed.
Operation within_container(Operation operation, std::size_t& stripped);

/// True for the programs of engines and runtimes, which run under no container's profile.
bool is_runtime_program(const std::string& exe);

}  // namespace cordon::apparmor
