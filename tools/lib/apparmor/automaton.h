#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cordon::apparmor {

/// A compiled DFA, walked as the kernel walks it: comb-compressed tables, equivalence classes, differential encoding.
/// Source: security/apparmor/match.c (aa_dfa_unpack, aa_dfa_match), linux/…/apparmor/include/match.h.
class Automaton {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = 0;
  static constexpr State kStart = 1;
  static constexpr std::size_t kMaxStates = std::size_t{1} << 24;

  /// Checks every table against the others, so that no walk leaves them and none loops.
  static Result<Automaton> unpack(std::string_view bytes);

  State step(State state, unsigned char byte) const;
  State walk(State state, std::string_view bytes) const;

  std::uint32_t accept(State state) const { return accept_[state]; }
  std::uint32_t accept2(State state) const { return accept2_[state]; }
  std::size_t states() const { return base_.size(); }
  /// The equivalence class of a byte: bytes of one class lead to the same state from everywhere.
  std::uint8_t byte_class(unsigned char byte) const { return classes_[byte]; }

 private:
  Result<void> load_table(std::string_view bytes, std::size_t& at);
  Result<void> check() const;

  std::vector<std::uint32_t> accept_, accept2_, base_, default_, next_, check_;
  std::array<std::uint8_t, 256> classes_{};
  bool has_classes_ = false;
};

}  // namespace cordon::apparmor
