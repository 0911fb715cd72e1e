#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cordon::oci {

/// The parts of an OCI bundle's config.json (runtime-spec config.md) that matter here.
struct Config {
  std::vector<std::string> args;  ///< process.args
  std::map<std::string, std::string> annotations;
  std::string mount_label;  ///< linux.mountLabel, SELinux
  std::string seccomp;      ///< linux.seccomp as text; empty: none
  bool has_proc = false;    ///< a proc file system is mounted on /proc
};

/// Reads; kBadInput with the file, and the byte where it is no JSON. Nesting is limited.
Result<Config> read_config(std::string_view text, const std::string& where);

/// The same document with `args` as process.args, all else as it was.
Result<std::string> with_args(std::string_view text, const std::string& where, const std::vector<std::string>& args);

}  // namespace cordon::oci
