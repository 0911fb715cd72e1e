#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cordon::oci {

/// What a container's annotations ask of a recording. Paths are absolute and without "..".
struct Wishes {
  bool any = false;     ///< one of our annotations is there
  std::string trace;    ///< io.cordon.trace: where the trace goes; empty: the usual place
  std::string detail;   ///< io.cordon.detail: set, args or full; empty: full
  std::string profile;  ///< of: a seccomp profile, written when the container ends; empty: none
  std::string base;     ///< if: the profile that it is merged into
};

/// Reads io.containers.trace-syscall as oci-seccomp-bpf-hook does ("of:FILE", "if:FILE", in either order, separated by
/// ';'; of: is a must), and our own. kBadInput says which annotation and why.
Result<Wishes> read_wishes(const std::map<std::string, std::string>& annotations);

/// Refuses paths that are relative, name a folder, or hold "..".
Result<void> check_path(const std::string& path, std::string_view where);

}  // namespace cordon::oci
