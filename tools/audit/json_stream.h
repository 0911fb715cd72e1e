#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cordon::audit_tool {

/// Takes a piece of the output.
using Write = std::function<Result<void>(std::string_view)>;

/// One JSON object, written member by member as nlohmann's dump(2) would print the whole: what was printed is not kept.
/// Strings that are not UTF-8 are written as printable() shows them.
class JsonStream {
 public:
  explicit JsonStream(Write write) : write_(std::move(write)) {}
  void member(std::string_view name, const nlohmann::ordered_json& value);
  void begin_array(std::string_view name);
  void item(const nlohmann::ordered_json& value);
  void end_array();
  /// Closes the object; the first error that writing met.
  Result<void> finish();

 private:
  void open(std::string_view name);
  void append(const nlohmann::ordered_json& value, std::string_view indent);
  void flush();

  Write write_;
  std::string buffer_ = "{";
  bool any_member_ = false, any_item_ = false;
  Result<void> outcome_;
};

}  // namespace cordon::audit_tool
