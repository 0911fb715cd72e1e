#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cordon::selinux {

struct ContainerMount {
  std::string source;       ///< on the host
  std::string destination;  ///< in the container
  bool writable = false;
  bool relabelled = false;  ///< :z or :Z: the engine gives it the container's file label
  auto operator<=>(const ContainerMount&) const = default;
};

struct ContainerPort {
  std::string protocol;  ///< "tcp", "udp", "sctp"
  std::uint16_t port = 0;
  auto operator<=>(const ContainerPort&) const = default;
};

/// What a container engine says of a container, the parts that matter to SELinux.
struct ContainerInfo {
  std::string form;  ///< "podman", "docker", "cri", "oci"
  std::string name;
  bool privileged = false;
  std::vector<ContainerMount> mounts;     ///< bind mounts and volumes, sorted
  std::vector<ContainerPort> ports;       ///< that it listens at, sorted
  std::vector<std::string> capabilities;  ///< lower case without cap_, sorted
  std::vector<std::string> devices;       ///< host paths, sorted
};

/// `podman inspect`, `docker inspect`, `nerdctl inspect`, `crictl inspect`, `ctr containers info`, or an OCI bundle's
/// config.json. Errors: not JSON, or none of these forms.
Result<ContainerInfo> read_container_info(std::string_view json, const std::string& where);

}  // namespace cordon::selinux
