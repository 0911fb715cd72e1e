#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cordon {

/// Open addressing with linear probing over one block of memory: a look-up touches one or two cache lines and
/// allocates nothing; only inserting may grow the block. Key needs == and hash(); values are indices or small structs.
template <class Key, class Value>
class FlatTable {
 public:
  explicit FlatTable(std::size_t capacity = 1024) : slots_(capacity) {}

  Value* find(const Key& key) {
    for (std::size_t i = key.hash() & mask();; i = (i + 1) & mask()) {
      Slot& slot = slots_[i];
      if (!slot.used) return nullptr;
      if (slot.key == key) return &slot.value;
    }
  }

  /// The value of the key, made if it was not there. Pointers into the table do not outlive the next insert.
  Value& insert(const Key& key) {
    if (Value* found = find(key)) return *found;
    if ((count_ + 1) * 4 > slots_.size() * 3) grow();
    ++count_;
    Slot& slot = free_slot(slots_, key);
    slot.used = true;
    slot.key = key;
    return slot.value;
  }

  void clear() {
    slots_.assign(slots_.size(), Slot{});
    count_ = 0;
  }
  std::size_t size() const { return count_; }

 private:
  struct Slot {
    Key key{};
    Value value{};
    bool used = false;
  };
  std::size_t mask() const { return slots_.size() - 1; }

  static Slot& free_slot(std::vector<Slot>& slots, const Key& key) {
    const std::size_t mask = slots.size() - 1;
    std::size_t i = key.hash() & mask;
    while (slots[i].used) i = (i + 1) & mask;
    return slots[i];
  }

  void grow() {
    std::vector<Slot> larger(slots_.size() * 2);
    for (const Slot& slot : slots_)
      if (slot.used) free_slot(larger, slot.key) = slot;
    slots_.swap(larger);
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

/// Mixes words into a well-spread hash (the finaliser of splitmix64).
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace cordon
