#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cordon {

/// The most bytes that one input may unpack to: a bound against compression bombs.
inline constexpr std::uint64_t kMaxInputBytes = std::uint64_t{16} << 30;
/// The longest line that is read.
inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

/// A line without its '\n'. `number` counts from 1; `torn` is true for a last line that has no '\n'.
struct InputLine {
  std::string_view text;
  std::uint64_t number = 0;
  bool torn = false;
};

/// Calls `each` for every line of the file ("-" is standard input), unpacking gzip, xz, zstd and bzip2 by their magic.
/// Stops at the first error that `each` returns.
Result<void> for_each_line(const std::string& path, const std::function<Result<void>(const InputLine&)>& each);

/// The same over text in memory.
Result<void> for_each_line_of(std::string_view text, const std::function<Result<void>(const InputLine&)>& each);

}  // namespace cordon
