#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace cordon {

/// Whether a field is written when it holds its default value.
enum class Presence : std::uint8_t { kUnlessDefault, kAlways };

/// One field of a described struct: its JSON name and where it lies.
template <class Owner, class Type>
struct FieldOf {
  std::string_view name;
  Type Owner::*member;
  Presence presence;
};

template <class Owner, class Type>
constexpr FieldOf<Owner, Type> field(std::string_view name, Type Owner::*member,
                                     Presence presence = Presence::kUnlessDefault) {
  return {name, member, presence};
}

/// A set of enumerators of an enum whose last one is kCount_ (at most 32).
template <class Enum>
class FlagSet {
 public:
  constexpr FlagSet() = default;
  constexpr FlagSet(Enum one) : bits_(bit(one)) {}

  static constexpr FlagSet from_bits(std::uint32_t bits) {
    FlagSet set;
    set.bits_ = bits;
    return set;
  }
  constexpr std::uint32_t bits() const { return bits_; }
  constexpr bool has(Enum one) const { return (bits_ & bit(one)) != 0; }
  constexpr bool has_any(FlagSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr FlagSet operator|(FlagSet other) const { return from_bits(bits_ | other.bits_); }
  constexpr FlagSet operator&(FlagSet other) const { return from_bits(bits_ & other.bits_); }
  constexpr FlagSet& operator|=(FlagSet other) {
    bits_ |= other.bits_;
    return *this;
  }
  constexpr FlagSet without(FlagSet other) const { return from_bits(bits_ & ~other.bits_); }
  constexpr auto operator<=>(const FlagSet&) const = default;

 private:
  static constexpr std::uint32_t bit(Enum one) { return std::uint32_t{1} << static_cast<std::uint32_t>(one); }
  std::uint32_t bits_ = 0;
};

template <class Enum>
requires std::is_enum_v<Enum> && requires { Enum::kCount_; }
constexpr FlagSet<Enum> operator|(Enum a, Enum b) { return FlagSet<Enum>(a) | FlagSet<Enum>(b); }

/// The names of an enum's values, in order of their numbers; specialised in facts/names.h.
template <class Enum>
struct EnumNames;

}  // namespace cordon
