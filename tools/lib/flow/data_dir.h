#pragma once

#include <string>

#include "base/result.h"

namespace cordon::flow {

/// The folder that holds profiles/ and schemas/: ../share/cordon beside the executable's folder (an install may lie
/// anywhere), or the source tree above a build folder in it.
Result<std::string> data_dir();

/// The sibling tool beside this executable ("cordon-record").
std::string sibling(const std::string& tool);

}  // namespace cordon::flow
