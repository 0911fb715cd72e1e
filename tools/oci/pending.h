#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace cordon::oci {

/// A recording that runs: kept below /run (or XDG_RUNTIME_DIR) from create to delete.
struct Pending {
  std::string id;
  std::string trace;
  std::string profile;  ///< to be made when the container ends; empty: none
  std::string base;
};

/// kBadInput for an id that runtimes would not take either.
Result<void> check_id(const std::string& id);
Result<void> remember(const Pending& pending);
/// Nothing if this container is not recorded.
Result<std::optional<Pending>> recall(const std::string& id);
void forget(const std::string& id);

}  // namespace cordon::oci
