#include <algorithm>
#include <optional>
#include <sstream>
#include <stdexcept>

// toml++ asserts what a text can make false ("[[[", "[="): to be refused like any other wrong text, in every build.
[[noreturn]] static void not_toml() { throw std::logic_error("no TOML"); }
#undef NDEBUG
#define TOML_ASSERT(holds) ((holds) ? static_cast<void>(0) : not_toml())
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 1
#include <toml++/toml.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
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

/// toml++ 3.3 does not survive letters beyond ASCII outside of strings (is_non_ascii_horizontal_whitespace()): it gets
/// them as ASCII words that the text has not.
class AsciiWords {
 public:
  explicit AsciiWords(std::string_view text) {
    for (unsigned number = 0; text.find(mark_) != std::string_view::npos;) mark_ = "u" + std::to_string(++number) + "_";
  }
  std::string encoded(std::string_view text) const {
    std::string out;
    for (const char c : text)
      out += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : mark_ + to_hex(std::string_view(&c, 1));
    return out;
  }
  std::string decoded(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
      const std::size_t mark = std::min(text.find(mark_), text.size());
      out += text.substr(0, mark);
      text.remove_prefix(mark);
      if (text.empty()) break;
      const auto byte = from_hex(text.substr(mark_.size(), 2));
      out += byte.value_or(mark_);
      text.remove_prefix(std::min(mark_.size() + (byte ? 2 : 0), text.size()));
    }
    return out;
  }

 private:
  std::string mark_ = "u0_";
};

Result<Json> parse(std::string_view text, const std::string& where) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  if (trim(text).starts_with("{")) {
    auto json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return bad(where, "", "the gate is not JSON");
    return json;
  }
  if (!is_utf8(text)) return bad(where, "", "the gate is not UTF-8");
  const AsciiWords words(text);
  std::ostringstream out;
  try {
    out << toml::json_formatter{toml::parse(words.encoded(text), where)};
  } catch (const toml::parse_error& error) {
    const std::string line = std::to_string(error.source().begin.line);
    return bad(where + ":" + line, "", "not TOML: " + words.decoded(error.description()));
  } catch (const std::logic_error&) {
    return bad(where, "", "not TOML: a table's name in [brackets] or a key is malformed");
  }
  auto json = Json::parse(words.decoded(out.str()), nullptr, false);
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
