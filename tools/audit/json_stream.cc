#include "json_stream.h"

#include <nlohmann/json.hpp>

namespace cordon::audit_tool {

using Json = nlohmann::ordered_json;

namespace {
constexpr std::size_t kFlushAt = 64 * 1024;
}

/// A line feed in a dump is never part of a string.
void JsonStream::append(const Json& value, std::string_view indent) {
  for (const char c : value.dump(2)) {
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
