#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apparmor/automaton.h"

namespace cordon::apparmor {

/// Bytes in the order in which an example should use them: letters first, then what names hold, then the rest.
inline std::vector<unsigned char> preferred_bytes() {
  std::vector<unsigned char> order;
  for (const char c : std::string_view("axbcdefghijklmnopqrstuvwyz0123456789/._-ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    order.push_back(static_cast<unsigned char>(c));
  for (unsigned byte = 1; byte < 256; ++byte)
    if (std::find(order.begin(), order.end(), byte) == order.end()) order.push_back(static_cast<unsigned char>(byte));
  return order;
}

/// One byte for each pair of byte classes; no other byte leads anywhere else.
inline std::vector<unsigned char> representatives(const Automaton& a, const Automaton& b) {
  static const std::vector<unsigned char> order = preferred_bytes();
  std::set<std::pair<std::uint8_t, std::uint8_t>> seen;
  std::vector<unsigned char> out;
  for (const unsigned char byte : order)
    if (byte == '/' || seen.emplace(a.byte_class(byte), b.byte_class(byte)).second) out.push_back(byte);
  return out;
}

/// A pair of states, how it was first reached, and whether the last byte was a slash (names hold no "//").
struct Visit {
  Automaton::State before = 0;
  Automaton::State after = 0;
  std::size_t from = 0;
  unsigned char byte = 0;
};

/// Breadth first over both automata, so that the first example of a pair is a shortest one.
class Product {
 public:
  Product(const Automaton& before, const Automaton& after, std::size_t max_pairs)
      : before_(before), after_(after), max_pairs_(max_pairs), bytes_(representatives(before, after)) {}

  /// Calls found(state before, state after, example) for each pair; found returns false to end the walk.
  template <class Found>
  bool run(Automaton::State before, Automaton::State after, bool names, const Found& found) {
    if (!names && std::find(bytes_.begin(), bytes_.end(), 0) == bytes_.end()) bytes_.push_back(0);
    visits_ = {{before, after, 0, 0}};
    seen_ = {key(before, after, false)};
    for (std::size_t at = 0; at < visits_.size(); ++at) {
      const Visit visit = visits_[at];
      if (!found(visit.before, visit.after, at)) return true;
      if (visits_.size() > max_pairs_) return false;
      if (visit.before == Automaton::kDead && visit.after == Automaton::kDead) continue;
      step(visit, at, names);
    }
    return true;
  }

  std::string example(std::size_t at) const {
    std::string out;
    for (; at != 0; at = visits_[at].from) out += static_cast<char>(visits_[at].byte);
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  static std::uint64_t key(Automaton::State a, Automaton::State b, bool slash) {
    return (std::uint64_t{a} << 33) | (std::uint64_t{b} << 1) | (slash ? 1 : 0);
  }

  void step(const Visit& visit, std::size_t at, bool names) {
    for (const unsigned char byte : bytes_) {
      if (names && ((at == 0 && byte != '/') || (byte == '/' && visit.byte == '/'))) continue;
      const Automaton::State a = before_.step(visit.before, byte);
      const Automaton::State b = after_.step(visit.after, byte);
      if (a == Automaton::kDead && b == Automaton::kDead) continue;
      if (seen_.insert(key(a, b, names && byte == '/')).second) visits_.push_back({a, b, at, byte});
    }
  }

  const Automaton& before_;
  const Automaton& after_;
  std::size_t max_pairs_;
  std::vector<unsigned char> bytes_;
  std::vector<Visit> visits_;
  std::set<std::uint64_t> seen_;
};

}  // namespace cordon::apparmor
