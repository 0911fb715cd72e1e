#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "seccomp/json.h"
#include "seccomp/read.h"

namespace cordon::seccomp {
namespace {

using Json = nlohmann::ordered_json;

/// Turns nodes into JSON; counts what aliases repeat, so that a document of nested aliases ends at the limit.
class Converter {
 public:
  explicit Converter(std::string where) : where_(std::move(where)) {}

  Json convert(const YAML::Node& node, const std::string& at, std::size_t depth) {
    if (!spend(at, depth)) return nullptr;
    if (node.IsMap()) return map(node, at, depth);
    if (node.IsSequence()) return sequence(node, at, depth);
    if (node.IsScalar()) return scalar(node);
    return nullptr;
  }

  bool failed_ = false;
  Error error_;

 private:
  bool spend(const std::string& at, std::size_t depth) {
    if (failed_) return false;
    if (depth > limits_.depth)
      fail(at, "nested deeper than " + std::to_string(limits_.depth) + " levels");
    else if (++values_ > limits_.values)
      fail(at, "more than " + std::to_string(limits_.values) + " values");
    return !failed_;
  }

  Json map(const YAML::Node& node, const std::string& at, std::size_t depth) {
    Json out = Json::object();
    if (node.size() > limits_.keys) fail(at, "a mapping of more than " + std::to_string(limits_.keys) + " keys");
    for (const auto& entry : node) {
      if (failed_) break;
      if (!entry.first.IsScalar()) {
        fail(at, "a key that is no plain word");
        break;
      }
      const std::string key = entry.first.Scalar();
      if (out.contains(key))
        fail(at, "the key \"" + printable(key) + "\" stands twice");
      else
        out[key] = convert(entry.second, at + "/" + pointer_step(key), depth + 1);
    }
    return out;
  }

  Json sequence(const YAML::Node& node, const std::string& at, std::size_t depth) {
    Json out = Json::array();
    for (std::size_t i = 0; i < node.size() && !failed_; ++i)
      out.push_back(convert(node[i], at + "/" + std::to_string(i), depth + 1));
    return out;
  }

  /// Plain scalars that are whole numbers, booleans or null are so; quoted ones ("!") are strings.
  static Json scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return text;
    if (const auto number = parse_number<std::uint64_t>(text)) return *number;
    if (const auto number = parse_number<std::int64_t>(text)) return *number;
    if (text == "true" || text == "false") return text == "true";
    return text;
  }

  void fail(const std::string& at, std::string what) {
    if (failed_) return;
    failed_ = true;
    error_ = Error{ErrorCode::kBadInput, std::move(what), where_ + ": " + (at.empty() ? "/" : at), {}};
  }

  JsonLimits limits_;
  std::string where_;
  std::size_t values_ = 0;
};

Error syntax_error(const YAML::Exception& error, const std::string& where) {
  return Error{
      ErrorCode::kBadInput,
      "this is not YAML: " + error.msg,
      where + ": line " + std::to_string(error.mark.line + 1) + " column " + std::to_string(error.mark.column + 1),
      {}};
}

}  // namespace

Result<nlohmann::ordered_json> parse_yaml(std::string_view text, const std::string& where) {
  constexpr std::size_t kMaxYamlBytes = std::size_t{1} << 20;
  if (text.size() > kMaxYamlBytes)
    return Error{ErrorCode::kBadInput,
                 std::to_string(text.size()) + " bytes of YAML; the limit is " + std::to_string(kMaxYamlBytes),
                 where,
                 {}};
  if (!is_utf8(text)) return Error{ErrorCode::kBadInput, "not UTF-8", where, {}};
  try {
    Converter converter(where);
    Json out = converter.convert(YAML::Load(std::string(text)), "", 0);
    if (converter.failed_) return converter.error_;
    return out;
  } catch (const YAML::Exception& error) {
    return syntax_error(error, where);
  } catch (const std::exception& error) {
    return Error{ErrorCode::kBadInput, std::string("this is not YAML: ") + error.what(), where, {}};
  }
}

}  // namespace cordon::seccomp
