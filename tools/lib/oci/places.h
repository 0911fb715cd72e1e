#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Where runtimes and engines keep what they know of containers, on disk; no daemon is asked.
namespace cordon::oci {

/// What one state file says of one container. What it does not say is empty.
struct Sighting {
  std::string id;
  std::vector<std::string> names;
  std::optional<pid_t> pid;                    ///< of the container's first process
  std::optional<std::uint64_t> started_ticks;  ///< proc(5) stat field 22 of that process
  std::string file;                            ///< that says so
};

/// All that the state files below `root` ("" on a real machine, a folder in tests) say.
std::vector<Sighting> all_sightings(const std::string& root);

}  // namespace cordon::oci
