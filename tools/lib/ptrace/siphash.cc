#include "ptrace/siphash.h"

#include <sys/random.h>

#include <bit>
#include <cstring>
#include <ctime>

namespace cordon {
namespace {

struct Key {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
  Key() {
    if (getrandom(this, sizeof *this, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof *this)) return;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    k0 = static_cast<std::uint64_t>(now.tv_nsec);
    k1 = reinterpret_cast<std::uintptr_t>(this);
  }
};

struct State {
  std::uint64_t v0, v1, v2, v3;
  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  std::uint64_t squeeze(std::uint64_t tweak_v2, std::uint64_t tweak_v1) {
    v2 ^= tweak_v2;
    v1 ^= tweak_v1;
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

std::uint64_t load(const char* bytes, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

}  // namespace

Hash128 siphash128(std::string_view bytes) {
  static const Key key;
  State state{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d ^ 0xee, key.k0 ^ 0x6c7967656e657261,
              key.k1 ^ 0x7465646279746573};
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) state.absorb(load(bytes.data() + at, 8));
  const std::uint64_t tail = at == bytes.size() ? 0 : load(bytes.data() + at, bytes.size() - at);
  state.absorb(tail | static_cast<std::uint64_t>(bytes.size()) << 56);
  const std::uint64_t low = state.squeeze(0xee, 0);
  return {low, state.squeeze(0, 0xdd)};
}

}  // namespace cordon
