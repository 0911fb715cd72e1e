#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "seccomp/profile.h"

namespace cordon::seccomp {

/// Where a profile's text comes from decides what it may hold.
enum class Dialect : std::uint8_t {
  kOci,     ///< runtime-spec alone; containerd, Kubernetes localhost
  kDocker,  ///< archMap, includes/excludes, minKernel, comment, the old "name"
  kPodman,  ///< containers-common: as Docker's, with errno names, and minKernel ignored
  kSpo,     ///< a SeccompProfile resource of the Security Profiles Operator, YAML or JSON
};
std::string_view dialect_name(Dialect dialect);

struct ReadProfile {
  Profile profile;
  Dialect dialect = Dialect::kOci;
};

/// Reads a profile of any dialect. Strict: an unknown key, action, operator, arch or flag, a duplicate key, an index
/// over 5 or a number that does not fit is an error whose place is "FILE: /json/pointer". Names that libseccomp does
/// not know are diagnostics, since the runtimes ignore them.
Result<ReadProfile> read_profile(std::string_view text, const std::string& where, Diagnostics& diagnostics);
Result<ReadProfile> read_profile_file(const std::string& path, Diagnostics& diagnostics);

/// A YAML document as JSON, within the same limits (aliases count each time they are used).
Result<nlohmann::ordered_json> parse_yaml(std::string_view text, const std::string& where);

}  // namespace cordon::seccomp
