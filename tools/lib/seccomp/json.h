#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cordon::seccomp {

/// What a document may hold at most; beyond it, an error that names the limit.
struct JsonLimits {
  std::size_t bytes = std::size_t{8} << 20;
  std::size_t depth = 32;
  std::size_t values = 400'000;
  std::size_t keys = 2'000;  ///< of one object; ordered objects are searched from end to end
};

/// Parses strictly: a duplicate key, a number that does not fit, bytes that are not UTF-8 or anything after the
/// document is an error. `where` names the file; the error's place is "FILE: line L column C" or "FILE: /pointer".
Result<nlohmann::ordered_json> parse_json(std::string_view text, const std::string& where,
                                          const JsonLimits& limits = {});

/// One step of a JSON pointer (RFC 6901), escaped.
std::string pointer_step(std::string_view key);

}  // namespace cordon::seccomp
