#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "facts/names.h"
#include "facts/trace.h"

/// The writing half of the trace's JSON: everything that has fields() is an object of them, in their order.
/// A default value is left out unless the field says otherwise, so that a new field does not change old ids.
namespace cordon::codec {

template <class T>
concept Described = requires {
  T::fields();
};
template <class T>
concept Named = std::is_enum_v<T> && requires {
  EnumNames<T>::kNames;
};

void write(std::string& out, const std::string& bytes);
void write(std::string& out, bool value);
void write(std::string& out, const Operation& operation);

template <class T>
requires(std::integral<T> && !std::same_as<T, bool>) void write(std::string& out, T value) {
  out += std::to_string(value);
}

template <Named Enum>
void write(std::string& out, Enum value) {
  append_json_string(out, name_of(value));
}

template <class Enum>
void write(std::string& out, const FlagSet<Enum>& flags) {
  out += '[';
  for (std::size_t i = 0; i < EnumNames<Enum>::kNames.size(); ++i) {
    if (!flags.has(static_cast<Enum>(i))) continue;
    if (out.back() != '[') out += ',';
    append_json_string(out, EnumNames<Enum>::kNames[i]);
  }
  out += ']';
}

template <Described T>
void write(std::string& out, const T& object);

template <class T>
void write(std::string& out, const std::vector<T>& list) {
  out += '[';
  for (const T& one : list) {
    if (&one != list.data()) out += ',';
    write(out, one);
  }
  out += ']';
}

template <class T>
void write(std::string& out, const std::optional<T>& value) {
  if (value)
    write(out, *value);
  else
    out += "null";
}

/// ,"name":value — the leading comma is dropped where the object has just been opened.
template <class T>
void write_member(std::string& out, std::string_view name, const T& value) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
  write(out, value);
}

template <Described T>
void write_fields(std::string& out, const T& object) {
  static const T kDefault{};
  const auto one = [&](const auto& f) {
    if (f.presence == Presence::kAlways || object.*f.member != kDefault.*f.member)
      write_member(out, f.name, object.*f.member);
  };
  std::apply([&](const auto&... f) { (one(f), ...); }, T::fields());
}

template <Described T>
void write(std::string& out, const T& object) {
  out += '{';
  write_fields(out, object);
  out += '}';
}

}  // namespace cordon::codec
