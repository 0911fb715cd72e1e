#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "ptrace/flat_table.h"
#include "ptrace/siphash.h"

namespace cordon {

/// A text's number; equal texts have equal numbers. 0 is the empty text.
using TextId = std::uint32_t;

/// Keeps each distinct text once, for the run.
class Interner {
 public:
  Interner() { intern({}); }

  TextId intern(std::string_view text) {
    const Hash128 hash = siphash128(text);
    if (const TextId* known = ids_.find(hash)) return *known;
    const auto id = static_cast<TextId>(texts_.size());
    texts_.emplace_back(text);
    ids_.insert(hash) = id;
    return id;
  }
  const std::string& text(TextId id) const { return texts_[id]; }

 private:
  std::deque<std::string> texts_;
  FlatTable<Hash128, TextId> ids_{1024};
};

}  // namespace cordon
