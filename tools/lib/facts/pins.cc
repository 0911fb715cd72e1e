#include "facts/pins.h"

#include "base/fd.h"
#include "base/text.h"
#include "facts/json_reader.h"

namespace cordon {
namespace {

constexpr std::size_t kMaxPinBytes = 16 << 20;

Error bad(const std::string& path, const std::string& pointer, std::string what) {
  return {ErrorCode::kBadInput, std::move(what), printable(path) + (pointer.empty() ? "" : "#" + pointer),
          "the form is "
          "{\"pins\":[{\"reason\":\"why\",\"operation\":{\"op\":\"file\",\"path\":\"/x\",\"perms\":[\"read\"]}}]}"};
}

Result<Pin> read_pin(const std::string& path, const std::string& pointer, const codec::Element& element) {
  Pin pin;
  simdjson::dom::object members;
  if (element.get(members) != simdjson::SUCCESS) return bad(path, pointer, "not an object");
  for (const auto& [name, value] : members)
    if (name != "reason" && name != "operation") return bad(path, pointer + "/" + std::string(name), "unknown member");
  std::string_view reason;
  if (members["reason"].get(reason) != simdjson::SUCCESS || trim(reason).empty())
    return bad(path, pointer + "/reason", "a pin needs a reason");
  pin.reason = reason;
  codec::Element operation;
  if (members["operation"].get(operation) != simdjson::SUCCESS) return bad(path, pointer, "has no operation");
  codec::Cursor at;
  if (codec::read(at, operation, pin.operation) != codec::Form::kGood)
    return bad(path, pointer + "/operation" + at.where, "not an operation that this version knows");
  return pin;
}

}  // namespace

Result<std::vector<Pin>> read_pins(const std::string& path) {
  auto text = read_file(path, kMaxPinBytes);
  if (!text) return text.error();
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (const auto failed = parser.parse(*text).get(document); failed != simdjson::SUCCESS)
    return bad(path, "", std::string("not JSON: ") + simdjson::error_message(failed));
  simdjson::dom::array elements;
  if (document["pins"].get(elements) != simdjson::SUCCESS) return bad(path, "/pins", "there is no list of pins");
  std::vector<Pin> pins;
  for (const codec::Element element : elements) {
    auto pin = read_pin(path, "/pins/" + std::to_string(pins.size()), element);
    if (!pin) return pin.error();
    pins.push_back(std::move(*pin));
  }
  return pins;
}

}  // namespace cordon
