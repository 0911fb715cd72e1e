#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace cordon::audit {

struct InputLimits {
  std::uint64_t max_expansion = 4096;          ///< decompressed bytes for one compressed byte, …
  std::uint64_t expansion_floor = 256u << 20;  ///< … once this many have come out
};

/// Bytes of one log, decompressed if need be.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes; 0 at the end. What was read before an error is valid.
  virtual Result<std::size_t> read(char* buffer, std::size_t size) = 0;
  /// True if the next read would wait for somebody else: a pipe, a terminal, a socket.
  virtual bool is_stream() const = 0;
};

/// Opens a log; "-" is standard input. gzip, xz, zstd, bzip2 and lz4 are told by their first bytes.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, const InputLimits& limits = {});

/// The same over a descriptor.
Result<std::unique_ptr<ByteSource>> source_of(UniqueFd fd, std::string name, const InputLimits& limits = {});

/// Bytes in memory, for tests and fuzzing. The text must outlive the source.
std::unique_ptr<ByteSource> memory_source(std::string_view text);

/// Rotated logs in the order in which they were written: audit.log.2.gz, audit.log.1, audit.log. Names that share no
/// stem keep their places.
std::vector<std::string> in_rotation_order(std::vector<std::string> paths);

/// A directory stands for the logs in it: NAME, NAME.1, NAME.2.gz, … in rotation order.
Result<std::vector<std::string>> expand_logs(const std::vector<std::string>& paths);

}  // namespace cordon::audit
