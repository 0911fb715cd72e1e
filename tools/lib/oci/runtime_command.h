#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cordon::oci {

/// What a command line of an OCI runtime says, as far as it concerns us. crun and runc take the same words.
struct RuntimeCommand {
  std::string name;         ///< the sub-command; empty: none was found
  std::size_t name_at = 0;  ///< its index
  std::string bundle = ".";
  std::string config;  ///< crun's --config; empty: config.json in the bundle
  std::string log;     ///< the runtime's log file
  bool log_is_json = false;
  std::string id;             ///< the last word
  unsigned preserve_fds = 0;  ///< descriptors that the container is handed, from 3 on, before ours
  bool detach = false;
};

/// `words` are those behind the runtime's name.
RuntimeCommand read_runtime_command(const std::vector<std::string>& words);

/// The words with --preserve-fds set to `count`.
std::vector<std::string> with_preserved(const std::vector<std::string>& words, const RuntimeCommand& command,
                                        unsigned count);

}  // namespace cordon::oci
