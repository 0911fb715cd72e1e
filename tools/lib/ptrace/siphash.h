#pragma once

#include <cstdint>
#include <string_view>

namespace cordon {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
  std::uint64_t hash() const { return low; }
};

/// SipHash-2-4 with 128 bits of result (Aumasson and Bernstein) under a key drawn once per process: a traced program
/// cannot choose paths that collide, so the hash may stand for the bytes.
Hash128 siphash128(std::string_view bytes);

}  // namespace cordon
