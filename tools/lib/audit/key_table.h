#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cordon::audit {

/// Finds a field's name among a few known ones with one probe and one comparison: every field of every record that
/// decides is looked up. Built at compile time, by trying multipliers until no two names share a slot.
template <std::size_t N>
class KeyTable {
 public:
  static constexpr std::size_t kNone = N;

  constexpr explicit KeyTable(const std::array<std::string_view, N>& names) : names_(names) {
    while (!place()) ++factor_;
  }
  /// The name's place in the list given; kNone if it is not there.
  constexpr std::size_t find(std::string_view key) const {
    if (key.empty()) return kNone;
    const std::size_t at = slots_[slot(key)];
    return at != kNone && names_[at] == key ? at : kNone;
  }
  constexpr bool has(std::string_view key) const { return find(key) != kNone; }

 private:
  static constexpr std::size_t kSlots = N <= 16 ? 64 : N <= 32 ? 128 : 512;

  constexpr std::size_t slot(std::string_view key) const {
    const std::uint32_t first = static_cast<unsigned char>(key.front()), last = static_cast<unsigned char>(key.back());
    const std::uint32_t middle = static_cast<unsigned char>(key[key.size() / 2]);
    const auto mixed = (first | last << 8 | middle << 16 | static_cast<std::uint32_t>(key.size()) << 24) * factor_;
    return (mixed >> 16) & (kSlots - 1);
  }
  constexpr bool place() {
    slots_.fill(kNone);
    for (std::size_t i = 0; i < N; ++i) {
      std::size_t& at = slots_[slot(names_[i])];
      if (at != kNone) return false;
      at = i;
    }
    return true;
  }

  std::array<std::string_view, N> names_;
  std::array<std::size_t, kSlots> slots_{};
  std::uint32_t factor_ = 0x9e3779b1;
};

/// Of rows that have a name each.
template <class Row, std::size_t N>
constexpr KeyTable<N> names_of(const std::array<Row, N>& rows) {
  std::array<std::string_view, N> names;
  for (std::size_t i = 0; i < N; ++i) names[i] = rows[i].name;
  return KeyTable<N>(names);
}

}  // namespace cordon::audit
