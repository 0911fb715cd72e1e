#pragma once

#include <string_view>

namespace cordon {

/// A file of profiles/ that was compiled in (tools/cmake/embed.cmake), so that a tool works without its install.
struct EmbeddedFile {
  std::string_view name;  ///< below profiles/: "apparmor/denies.json"
  std::string_view text;
};

}  // namespace cordon
