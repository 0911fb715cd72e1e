#include "seccomp/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/bytes.h"

namespace cordon::seccomp {
namespace {

using Json = nlohmann::ordered_json;

/// Builds the document from the parser's events and refuses what the limits or the duplicate rule forbid.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return fail("a binary value"); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    Level& level = levels_.back();
    level.key = std::move(key);
    if (level.keys.size() >= limits_.keys)
      return fail("an object of more than " + std::to_string(limits_.keys) + " keys");
    if (!level.keys.insert(level.key).second) return fail("the key \"" + printable(level.key) + "\" stands twice");
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    what_ = error.id == 406 ? "a number that fits no 64 bits" : "this is not JSON";
    position_ = position;
    return false;
  }

  std::string what_;
  std::size_t position_ = 0;  ///< byte offset + 1 of a syntax error; 0: see pointer()
  Json root_;

  std::string pointer() const {
    std::string out;
    for (const Level& level : levels_)
      out += "/" + (level.value->is_array() ? std::to_string(level.value->size()) : pointer_step(level.key));
    return out;
  }

 private:
  struct Level {
    Json* value = nullptr;
    std::string key;
    std::set<std::string> keys;
  };

  bool fail(std::string what) {
    what_ = std::move(what);
    return false;
  }

  Json* place(Json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *levels_.back().value;
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[levels_.back().key] = std::move(value));
  }

  bool put(Json value) {
    if (++values_ > limits_.values) return fail("more than " + std::to_string(limits_.values) + " values");
    place(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (levels_.size() >= limits_.depth) return fail("nested deeper than " + std::to_string(limits_.depth) + " levels");
    if (++values_ > limits_.values) return fail("more than " + std::to_string(limits_.values) + " values");
    levels_.push_back({place(std::move(value)), {}, {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  JsonLimits limits_;
  std::size_t values_ = 0;
  std::vector<Level> levels_;
};

std::string line_and_column(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = offset - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return "line " + std::to_string(line) + " column " + std::to_string(column);
}

}  // namespace

Result<nlohmann::ordered_json> parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    return Error{ErrorCode::kBadInput,
                 std::to_string(text.size()) + " bytes; the limit is " + std::to_string(limits.bytes),
                 where,
                 {}};
  if (!is_utf8(text)) return Error{ErrorCode::kBadInput, "not UTF-8, so not JSON", where, {}};
  Builder builder(limits);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.root_);
  const bool syntax = builder.position_ > 0;
  const std::string place = syntax ? line_and_column(text, builder.position_ - 1) : builder.pointer();
  return Error{ErrorCode::kBadInput, builder.what_, where + ": " + (place.empty() ? "/" : place), {}};
}

std::string pointer_step(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace cordon::seccomp
