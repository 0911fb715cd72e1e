#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/policy.h"

namespace cordon {

/// How far names that vary from run to run become shapes.
enum class Generalise : std::uint8_t {
  kNone,   ///< names as seen
  kSafe,   ///< process ids; what the program made itself under a name that varies; names that differ between runs alike
  kBroad,  ///< and whatever lies in a folder in which the program makes or reads many names
};
std::optional<Generalise> generalise_named(std::string_view name);

/// Replaces observed rules about file names that vary by generalised ones, each with its support: how many names in
/// how many runs, and what they were taken for. Shapes are inferred by aligning names: over the runs (Policy::seen_in)
/// and within a folder; the table of classes names those that it knows. Programs that are executed and what nothing
/// speaks for stay as they are. The result is the same whatever the order.
Policy generalise(const Policy& policy, Generalise how);

}  // namespace cordon
