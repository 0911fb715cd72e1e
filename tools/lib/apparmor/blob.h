#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apparmor/automaton.h"
#include "base/result.h"

namespace cordon::apparmor {

/// One profile of a compiled policy, as the kernel unpacks it (security/apparmor/policy_unpack.c). Children and hats
/// stand beside their parents, named "parent//child".
struct CompiledProfile {
  std::string name;
  std::optional<Automaton> attachment;
  std::uint32_t mode = 0;  ///< 0 enforce, 1 complain, 2 kill, 3 unconfined
  std::uint64_t capabilities = 0;
  std::optional<Automaton> policy;
  Automaton::State policy_start = Automaton::kStart;
  std::optional<Automaton> file;
  Automaton::State file_start = Automaton::kStart;
  std::vector<std::string> transitions;  ///< the table of named exec targets
  std::uint32_t limited = 0;             ///< bit per RLIMIT_* that the profile sets
  std::vector<std::uint64_t> limits;
};

/// Every profile of the stream. Sizes and nesting are bounded; malformed bytes are an error, never a crash.
Result<std::vector<CompiledProfile>> unpack_policy(std::string_view bytes);

}  // namespace cordon::apparmor
