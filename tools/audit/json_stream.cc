#include "json_stream.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace cordon::audit_tool {

using Json = nlohmann::ordered_json;

namespace {
constexpr std::size_t kFlushAt = 64 * 1024;

/// Words of a log that are no UTF-8, as "\xa1": JSON cannot hold them.
Json shown(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return is_utf8(text) ? value : Json(printable(text));
  }
  if (!value.is_structured()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array())
      out.push_back(shown(item));
    else
      out[is_utf8(key) ? key : printable(key)] = shown(item);
  }
  return out;
}

std::string dumped(const Json& value) {
  try {
    return value.dump(2);
  } catch (const Json::type_error&) {
    return shown(value).dump(2);
  }
}
}  // namespace

/// A line feed in a dump is never part of a string.
void JsonStream::append(const Json& value, std::string_view indent) {
  for (const char c : dumped(value)) {
    buffer_ += c;
    if (c == '\n') buffer_ += indent;
  }
  if (buffer_.size() >= kFlushAt) flush();
}

void JsonStream::open(std::string_view name) {
  buffer_ += any_member_ ? ",\n  " : "\n  ";
  buffer_ += Json(name).dump() + ": ";
  any_member_ = true;
}

void JsonStream::member(std::string_view name, const Json& value) {
  open(name);
  append(value, "  ");
}

void JsonStream::begin_array(std::string_view name) {
  open(name);
  buffer_ += '[';
  any_item_ = false;
}

void JsonStream::item(const Json& value) {
  buffer_ += any_item_ ? ",\n    " : "\n    ";
  any_item_ = true;
  append(value, "    ");
}

void JsonStream::end_array() { buffer_ += any_item_ ? "\n  ]" : "]"; }

Result<void> JsonStream::finish() {
  buffer_ += "\n}\n";
  flush();
  return outcome_;
}

void JsonStream::flush() {
  if (outcome_) outcome_ = write_(buffer_);
  buffer_.clear();
}

}  // namespace cordon::audit_tool
