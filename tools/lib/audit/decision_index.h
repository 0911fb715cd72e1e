#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cordon::audit {

/// A value for each key, in the order in which the keys first come. A lookup is what each decision of a log costs, and
/// most of that is waiting for memory: a value stands right before its key, and the slots lie close together.
template <class Value>
class DecisionIndex {
  static_assert(std::is_trivially_destructible_v<Value>);

 public:
  DecisionIndex() : slots_(kFirstSlots) {}
  /// The key's value, and whether it is a new one. It stays where it is until clear().
  std::pair<Value&, bool> place(std::string_view key);
  void clear() { *this = DecisionIndex(); }
  template <class Each>
  void for_each(const Each& each) const {
    for (const Entry* entry : entries_) each(entry->value);
  }

 private:
  struct Entry {
    std::size_t hash = 0;
    std::size_t size = 0;  ///< of the key, which follows
    Value value;
    std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), size}; }
  };
  struct Slot {
    std::size_t hash = 0;
    Entry* entry = nullptr;  ///< null: free
  };
  static constexpr std::size_t kFirstSlots = 1024, kPiece = 64 * 1024;

  Entry* keep(std::string_view key, std::size_t hash);
  void grow();

  std::vector<Slot> slots_;
  std::vector<Entry*> entries_;
  std::vector<std::unique_ptr<std::max_align_t[]>> pieces_;
  char* at_ = nullptr;  ///< free space in the last piece
  std::size_t left_ = 0;
};

template <class Value>
std::pair<Value&, bool> DecisionIndex<Value>::place(std::string_view key) {
  const std::size_t hash = std::hash<std::string_view>{}(key);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].entry != nullptr; at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].hash == hash && slots_[at].entry->key() == key) return {slots_[at].entry->value, false};
  Entry* entry = keep(key, hash);
  slots_[at] = {hash, entry};
  entries_.push_back(entry);
  if (2 * entries_.size() > slots_.size()) grow();
  return {entry->value, true};
}

template <class Value>
typename DecisionIndex<Value>::Entry* DecisionIndex<Value>::keep(std::string_view key, std::size_t hash) {
  constexpr std::size_t kUnit = sizeof(std::max_align_t);
  const std::size_t need = (sizeof(Entry) + key.size() + kUnit - 1) / kUnit * kUnit;
  if (need > left_) {
    left_ = std::max(kPiece, need);
    pieces_.push_back(std::make_unique<std::max_align_t[]>(left_ / kUnit));
    at_ = reinterpret_cast<char*>(pieces_.back().get());
  }
  Entry* entry = new (at_) Entry{hash, key.size(), Value{}};
  if (!key.empty()) std::memcpy(at_ + sizeof(Entry), key.data(), key.size());
  at_ += need;
  left_ -= need;
  return entry;
}

template <class Value>
void DecisionIndex<Value>::grow() {
  slots_.assign(2 * slots_.size(), {});
  for (Entry* entry : entries_) {
    std::size_t at = entry->hash & (slots_.size() - 1);
    while (slots_[at].entry != nullptr) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {entry->hash, entry};
  }
}

}  // namespace cordon::audit
