#include <algorithm>
#include <optional>
#include <sstream>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 1
#include <toml++/toml.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/gate.h"

/// The gate's config: TOML is turned into JSON, so that one reader judges both.
namespace cordon::report {
namespace {

using Json = nlohmann::ordered_json;

Error bad(const std::string& where, const std::string& key, std::string what) {
  return {ErrorCode::kBadInput, std::move(what), where + (key.empty() ? "" : ": " + key),
          "schemas/gate.schema.json says what a gate holds"};
}

Result<Json> parse(const std::string& text, const std::string& where) {
  if (trim(text).starts_with("{")) {
    auto json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return bad(where, "", "the gate is not JSON");
    return json;
  }
  const auto parsed = toml::parse(text, where);
  if (!parsed) {
    const auto& at = parsed.error().source().begin;
    return bad(where + ":" + std::to_string(at.line), "", "not TOML: " + std::string(parsed.error().description()));
  }
  std::ostringstream out;
  out << toml::json_formatter{parsed.table()};
  auto json = Json::parse(out.str(), nullptr, false);
  if (json.is_discarded()) return bad(where, "", "the gate holds values that a gate cannot have");
  return json;
}

/// Takes keys out of the object one by one; the first wrong one is the error.
class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  void texts(const char* key, std::vector<std::string>& into) {
    const auto* value = take(key);
    if (value == nullptr) return;
    if (value->is_string()) return into.push_back(value->get<std::string>());
    if (!value->is_array()) return fail(key, "must be a text or a list of texts");
    for (const auto& one : *value) {
      if (!one.is_string()) return fail(key, "must be a list of texts");
      into.push_back(one.get<std::string>());
    }
  }
  void text(const char* key, std::string& into) {
    const auto* value = take(key);
    if (value == nullptr) return;
    if (!value->is_string()) return fail(key, "must be a text");
    into = value->get<std::string>();
  }
  void flag(const char* key, bool& into) {
    const auto* value = take(key);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fail(key, "must be true or false");
    into = value->get<bool>();
  }
  void number(const char* key, std::uint32_t& into) {
    const auto* value = take(key);
    if (value == nullptr) return;
    if (!value->is_number_integer() || *value < 0 || *value > 1'000'000)
      return fail(key, "must be a number from 0 to 1000000");
    into = value->get<std::uint32_t>();
  }
  void allowances(const char* key, std::vector<GateAllowance>& into) {
    const auto* value = take(key);
    if (value == nullptr) return;
    if (!value->is_array()) return fail(key, "must be a list");
    for (const auto& one : *value) {
      GateAllowance allowance;
      if (!one.is_object()) return fail(key, "must hold tables with `guard` and `reason`");
      ConfigReader reader(one, where_);
      reader.text("guard", allowance.guard);
      reader.text("reason", allowance.reason);
      if (auto done = reader.done(); !done) return fail(key, done.error().what);
      if (allowance.guard.empty() || trim(allowance.reason).empty()) return fail(key, "needs a `guard` and a `reason`");
      into.push_back(std::move(allowance));
    }
  }
  Result<void> done() const {
    if (error_) return *error_;
    for (const auto& [key, value] : json_.items())
      if (std::find(taken_.begin(), taken_.end(), key) == taken_.end())
        return bad(where_, key, "unknown key `" + key + "`");
    return {};
  }

 private:
  const Json* take(const char* key) {
    taken_.emplace_back(key);
    const auto at = json_.find(key);
    return at == json_.end() ? nullptr : &*at;
  }
  void fail(const char* key, std::string what) {
    if (!error_) error_ = bad(where_, key, std::move(what));
  }
  const Json& json_;
  std::string where_;
  std::vector<std::string> taken_;
  std::optional<Error> error_;
};

void relative_to(const std::string& where, std::vector<std::string*> paths) {
  const auto slash = where.rfind('/');
  if (slash == std::string::npos) return;
  for (auto* path : paths)
    if (!path->empty() && !path->starts_with("/")) *path = where.substr(0, slash + 1) + *path;
}

}  // namespace

Result<GateConfig> read_gate(const std::string& text, const std::string& where) {
  const auto json = parse(text, where);
  if (!json) return json.error();
  if (!json->is_object()) return bad(where, "", "the gate is not a table");
  GateConfig config;
  ConfigReader reader(*json, where);
  std::string schema;
  reader.text("$schema", schema);
  reader.texts("profiles", config.profiles);
  reader.texts("traces", config.traces);
  reader.text("for", config.place);
  reader.number("unused_runs", config.unused_runs);
  reader.flag("allow_incomplete", config.allow_incomplete);
  reader.texts("guards", config.guards);
  reader.allowances("allow", config.allowances);
  reader.text("markdown", config.markdown);
  reader.text("sarif", config.sarif);
  if (auto done = reader.done(); !done) return done.error();
  if (config.profiles.empty()) return bad(where, "profiles", "no profile is named");
  if (!json->contains("guards")) config.guards = default_guards();
  std::vector<std::string*> paths{&config.markdown, &config.sarif};
  for (auto* list : {&config.profiles, &config.traces})
    for (auto& path : *list) paths.push_back(&path);
  relative_to(where, paths);
  return config;
}

}  // namespace cordon::report
