#pragma once

#include <string_view>

/// The pages' style and scripts, compiled in from web/ by CMake.
namespace cordon::report::web {

extern const std::string_view kStyle;
extern const std::string_view kCommonScript;  ///< elements, search, time, theme
extern const std::string_view kTriageScript;
extern const std::string_view kLearnedScript;

}  // namespace cordon::report::web
