#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/path_pattern.h"

namespace cordon {

/// The shape that names of one family share: the parts that all have in common stay, the others vary over the smallest
/// alphabet and lengths that hold what was seen. Nothing if the names have too little in common, or if a part varies
/// that looks like words. At least two distinct names; their order does not matter.
std::optional<std::vector<PathPart>> align_names(const std::vector<std::string>& names);

/// Families of names that could share a shape: same separators, and same first letters or same last ones. Sorted.
std::vector<std::vector<std::string>> name_families(std::vector<std::string> names);

}  // namespace cordon
