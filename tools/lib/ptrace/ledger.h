#pragma once

#include <cstdint>
#include <vector>

#include "facts/fact.h"
#include "ptrace/engine.h"
#include "ptrace/flat_table.h"
#include "ptrace/siphash.h"

namespace cordon {

/// Index of a fact in the ledger.
using FactIndex = std::uint32_t;
inline constexpr FactIndex kNoFact = ~FactIndex{0};

/// Knows every fact of the run by its id alone (16 bytes) and counts it; the fact itself goes to the sink on first
/// sight and is not kept, so that memory grows by some 80 bytes a distinct fact.
class Ledger {
 public:
  explicit Ledger(FactSink& sink) : sink_(sink) {}

  /// Hands the fact to the sink unless it is known; counts it once. A failing sink is remembered in error().
  FactIndex add(const Fact& fact, std::int64_t now_ms, bool watched = true);

  /// Hands a call that has not returned to the sink as tried, once.
  void tried(const Fact& fact);

  void bump(FactIndex index, std::int64_t now_ms, bool watched) {
    Tally& tally = rows_[index].tally;
    ++tally.count;
    tally.unwatched += watched ? 0 : 1;
    tally.last_ms = now_ms;
  }

  /// Hands every tally to the sink, in order of first sight.
  void flush_tallies();

  std::size_t size() const { return rows_.size(); }
  const std::optional<Error>& error() const { return error_; }
  void fail(const Error& error) {
    if (!error_) error_ = error;
  }

 private:
  struct Row {
    Hash128 id;
    Tally tally;
  };
  FactSink& sink_;
  std::vector<Row> rows_;
  FlatTable<Hash128, FactIndex> by_id_{1024};
  FlatTable<Hash128, bool> tried_{256};
  std::optional<Error> error_;
};

}  // namespace cordon
