#pragma once

#include <simdjson.h>

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "facts/json_codec.h"

/// The reading half of the trace's JSON. Each read() says whether the value had the form; the pointer to the one that
/// did not is left in `where`. An object with a field that we do not know is not understood: to go on without it
/// could turn a narrow fact into a wide one.
namespace cordon::codec {

using Element = simdjson::dom::element;

enum class Form : std::uint8_t { kGood, kUnknown, kBad };

struct Cursor {
  std::string where;  ///< JSON pointer of what was wrong
  Form bad(std::string_view name) {
    where.insert(0, "/" + std::string(name));
    return Form::kBad;
  }
};

Form read(Cursor& at, const Element& element, std::string& bytes);
Form read(Cursor& at, const Element& element, bool& value);
Form read(Cursor& at, const Element& element, Operation& operation);

template <std::integral T>
requires(!std::same_as<T, bool>) Form read(Cursor&, const Element& element, T& value) {
  if constexpr (std::signed_integral<T>) {
    std::int64_t number = 0;
    if (element.get(number) != simdjson::SUCCESS || !std::in_range<T>(number)) return Form::kBad;
    value = static_cast<T>(number);
  } else {
    std::uint64_t number = 0;
    if (element.get(number) != simdjson::SUCCESS || !std::in_range<T>(number)) return Form::kBad;
    value = static_cast<T>(number);
  }
  return Form::kGood;
}

template <Named Enum>
Form read(Cursor&, const Element& element, Enum& value) {
  std::string_view word;
  if (element.get(word) != simdjson::SUCCESS) return Form::kBad;
  const auto known = named<Enum>(word);
  if (!known) return Form::kUnknown;
  value = *known;
  return Form::kGood;
}

template <class Enum>
Form read(Cursor& at, const Element& element, FlagSet<Enum>& flags) {
  simdjson::dom::array words;
  if (element.get(words) != simdjson::SUCCESS) return Form::kBad;
  for (const Element word : words) {
    Enum one{};
    if (const Form form = read(at, word, one); form != Form::kGood) return form;
    flags |= one;
  }
  return Form::kGood;
}

template <Described T>
Form read(Cursor& at, const Element& element, T& object);

template <class T>
Form read(Cursor& at, const Element& element, std::vector<T>& list) {
  simdjson::dom::array elements;
  if (element.get(elements) != simdjson::SUCCESS) return Form::kBad;
  for (const Element one : elements) {
    T value{};
    if (const Form form = read(at, one, value); form != Form::kGood) return form;
    list.push_back(std::move(value));
  }
  return Form::kGood;
}

template <class T>
Form read(Cursor& at, const Element& element, std::optional<T>& value) {
  return read(at, element, value.emplace());
}

/// Reads one member if T has a field of that name.
template <Described T>
Form read_member(Cursor& at, std::string_view name, const Element& element, T& object) {
  Form form = Form::kUnknown;
  const auto one = [&](const auto& f) {
    if (f.name != name) return false;
    form = read(at, element, object.*f.member);
    return true;
  };
  std::apply([&](const auto&... f) { (one(f) || ...); }, T::fields());
  return form == Form::kBad ? at.bad(name) : form;
}

/// Reads the object's members but those in `elsewhere`. A name that comes twice is bad.
template <Described T>
Form read_fields(Cursor& at, const simdjson::dom::object& members, T& object,
                 std::initializer_list<std::string_view> elsewhere = {}) {
  std::vector<std::string_view> seen;
  for (const auto& [name, element] : members) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return at.bad(name);
    seen.push_back(name);
    if (std::find(elsewhere.begin(), elsewhere.end(), name) != elsewhere.end()) continue;
    if (const Form form = read_member(at, name, element, object); form != Form::kGood) return form;
  }
  return Form::kGood;
}

template <Described T>
Form read(Cursor& at, const Element& element, T& object) {
  simdjson::dom::object members;
  if (element.get(members) != simdjson::SUCCESS) return Form::kBad;
  return read_fields(at, members, object);
}

}  // namespace cordon::codec
