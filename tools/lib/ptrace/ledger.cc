#include "ptrace/ledger.h"

#include "base/bytes.h"
#include "base/text.h"
#include "facts/trace_io.h"

namespace cordon {
namespace {

Hash128 id_from_hex(const FactId& id) {
  return {parse_number<std::uint64_t>(std::string_view(id).substr(0, 16), 16).value_or(0),
          parse_number<std::uint64_t>(std::string_view(id).substr(16, 16), 16).value_or(0)};
}

void append_word(std::string& out, std::uint64_t word) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(word >> shift) & 15];
}

FactId hex_of(const Hash128& id) {
  FactId text;
  append_word(text, id.low);
  append_word(text, id.high);
  return text;
}

}  // namespace

FactIndex Ledger::add(const Fact& fact, std::int64_t now_ms, bool watched) {
  const std::string canonical = canonical_json(fact);
  const FactId hex = fact_id_of(canonical);
  const Hash128 id = id_from_hex(hex);
  if (const FactIndex* known = by_id_.find(id)) {
    bump(*known, now_ms, watched);
    return *known;
  }
  const auto index = static_cast<FactIndex>(rows_.size());
  rows_.push_back({id, {1, watched ? 0u : 1u, now_ms, now_ms}});
  by_id_.insert(id) = index;
  if (error_) return index;
  if (const Result<void> written = sink_.on_fact(fact, hex, canonical); !written) error_ = written.error();
  return index;
}

void Ledger::tried(const Fact& fact) {
  bool& written = tried_.insert(id_from_hex(fact_id(fact)));
  if (written || error_) return;
  written = true;
  if (const Result<void> done = sink_.on_tried(fact); !done) error_ = done.error();
}

void Ledger::flush_tallies() {
  for (const Row& row : rows_) {
    if (error_) return;
    if (const Result<void> written = sink_.on_tally(hex_of(row.id), row.tally); !written) error_ = written.error();
  }
}

}  // namespace cordon
