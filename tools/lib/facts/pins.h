#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "facts/operation.h"

namespace cordon {

/// An operation that a person wants granted though no recording shows it.
struct Pin {
  Operation operation;
  std::string reason;
};

/// Reads {"pins":[{"reason":"…","operation":{"op":"file",…}}]} (schemas/pins.schema.json). The operation is spelled as
/// in a trace. Errors name the file and the JSON pointer. A pin without a reason is refused.
Result<std::vector<Pin>> read_pins(const std::string& path);

}  // namespace cordon
