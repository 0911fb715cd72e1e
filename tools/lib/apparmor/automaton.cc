#include "apparmor/automaton.h"

#include <string>

namespace cordon::apparmor {
namespace {

constexpr std::uint32_t kMagic = 0x1B5E783D;
constexpr std::size_t kTableHeader = 12;
constexpr std::uint32_t kDifferential = 0x80000000;
constexpr std::uint32_t kIndexMask = 0x00ffffff;

/// Table ids as they stand in the file; the kernel counts from one less.
enum TableId : std::uint32_t { kAccept = 1, kBase, kCheck, kDefault, kClasses, kMeta, kAccept2, kNext };

Error malformed(std::string what) {
  return {ErrorCode::kBadInput, "the compiled policy is malformed: " + what, "", ""};
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint32_t index_of(std::uint32_t base) { return base & kIndexMask; }

}  // namespace

Result<void> Automaton::load_table(std::string_view bytes, std::size_t& at) {
  if (bytes.size() - at < kTableHeader) return malformed("a table's header is cut off");
  const std::uint32_t id = big_endian(bytes, at, 2);
  const std::uint32_t width = big_endian(bytes, at + 2, 2) & 7;
  const std::uint32_t length = big_endian(bytes, at + 8, 4);
  if ((width != 1 && width != 2 && width != 4) || length > kMaxStates * 2) return malformed("a table of unknown width");
  const std::size_t size = std::size_t{width} * length;
  if (bytes.size() - at - kTableHeader < size) return malformed("a table is cut off");
  std::vector<std::uint32_t> values(length);
  for (std::size_t i = 0; i < length; ++i) values[i] = big_endian(bytes, at + kTableHeader + i * width, width);
  at += (kTableHeader + size + 7) / 8 * 8;
  at = std::min(at, bytes.size());
  switch (id) {
    case kAccept: accept_ = std::move(values); break;
    case kAccept2: accept2_ = std::move(values); break;
    case kBase: base_ = std::move(values); break;
    case kDefault: default_ = std::move(values); break;
    case kCheck: check_ = std::move(values); break;
    case kNext: next_ = std::move(values); break;
    case kClasses:
      if (length != 256) return malformed("the table of byte classes has not 256 entries");
      for (std::size_t i = 0; i < 256; ++i) classes_[i] = static_cast<std::uint8_t>(values[i]);
      has_classes_ = true;
      break;
    case kMeta: break;
    default: return malformed("an unknown table");
  }
  return {};
}

Result<void> Automaton::check() const {
  const std::size_t count = base_.size();
  if (count < 2 || default_.size() != count || accept_.size() != count || accept2_.size() != count)
    return malformed("its tables disagree on the number of states");
  if (next_.size() != check_.size()) return malformed("its transitions and their owners differ in number");
  for (std::size_t i = 0; i < count; ++i) {
    if (default_[i] >= count) return malformed("a default leads to no state");
    if (std::size_t{index_of(base_[i])} + 255 >= next_.size()) return malformed("a state's transitions lie outside");
  }
  for (std::size_t i = 0; i < next_.size(); ++i)
    if (next_[i] >= count || check_[i] >= count) return malformed("a transition leads to no state");
  // Differential states fall back on their default: those chains must end. 1: on the chain, 2: known to end.
  std::vector<std::uint8_t> seen(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::size_t> chain;
    std::size_t at = i;
    while (seen[at] == 0 && (base_[at] & kDifferential) != 0) {
      seen[at] = 1;
      chain.push_back(at);
      at = default_[at];
    }
    if (seen[at] == 1) return malformed("its differential states run in a circle");
    for (const std::size_t state : chain) seen[state] = 2;
  }
  return {};
}

Result<Automaton> Automaton::unpack(std::string_view bytes) {
  // The blob is padded in front so that its tables lie on multiples of eight.
  std::size_t at = 0;
  while (at < 8 && at + 4 <= bytes.size() && big_endian(bytes, at, 4) != kMagic) ++at;
  if (at == 8 || bytes.size() < at + 16) return malformed("no automaton");
  bytes.remove_prefix(at);
  at = big_endian(bytes, 4, 4);
  if (at < 16 || at > bytes.size()) return malformed("the automaton's header is cut off");
  Automaton automaton;
  while (bytes.size() - at >= kTableHeader)
    if (const auto loaded = automaton.load_table(bytes, at); !loaded) return loaded.error();
  if (!automaton.has_classes_)
    for (std::size_t i = 0; i < 256; ++i) automaton.classes_[i] = static_cast<std::uint8_t>(i);
  if (automaton.accept2_.empty()) automaton.accept2_.resize(automaton.accept_.size());
  if (const auto fine = automaton.check(); !fine) return fine.error();
  return automaton;
}

Automaton::State Automaton::step(State state, unsigned char byte) const {
  const std::uint32_t column = classes_[byte];
  while (true) {
    const std::uint32_t base = base_[state];
    const std::size_t at = index_of(base) + column;
    if (check_[at] == state) return next_[at];
    state = default_[state];
    if ((base & kDifferential) == 0) return state;
  }
}

Automaton::State Automaton::walk(State state, std::string_view bytes) const {
  for (const char c : bytes) {
    if (state == kDead) return kDead;
    state = step(state, static_cast<unsigned char>(c));
  }
  return state;
}

}  // namespace cordon::apparmor
