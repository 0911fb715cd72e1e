#include "oci/config.h"

#include <nlohmann/json.hpp>

namespace cordon::oci {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kDeepest = 64;  // real ones have 6

Error bad(const std::string& where, std::string what) { return {ErrorCode::kBadInput, std::move(what), where, ""}; }

Result<Json> parse(std::string_view text, const std::string& where) {
  bool too_deep = false;
  const auto look = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > kDeepest;
    return depth <= kDeepest;
  };
  try {
    Json json = Json::parse(text, look);
    if (too_deep) return bad(where, "nested more than " + std::to_string(kDeepest) + " levels deep");
    if (!json.is_object()) return bad(where, "is not a JSON object");
    return json;
  } catch (const nlohmann::json::parse_error& error) {
    return bad(where, "is not JSON: byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::out_of_range& error) {
    return bad(where, std::string("holds a number beyond every range: ") + error.what());
  }
}

const Json* at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found == json.end() ? nullptr : &*found;
}

Result<std::vector<std::string>> args_of(const Json& json, const std::string& where) {
  const Json* process = at(json, "process");
  const Json* args = process == nullptr ? nullptr : at(*process, "args");
  std::vector<std::string> words;
  if (args == nullptr || args->is_null()) return words;
  if (!args->is_array()) return bad(where, "/process/args is not an array");
  for (const Json& word : *args) {
    if (!word.is_string()) return bad(where, "/process/args holds something that is not a string");
    words.push_back(word.get<std::string>());
    if (words.back().find('\0') != std::string::npos) return bad(where, "/process/args holds a zero byte");
  }
  return words;
}

bool mounts_proc(const Json& json) {
  const Json* mounts = at(json, "mounts");
  if (mounts == nullptr || !mounts->is_array()) return false;
  for (const Json& mount : *mounts) {
    const Json* destination = at(mount, "destination");
    if (destination != nullptr && (*destination == "/proc" || *destination == "/proc/")) return true;
  }
  return false;
}

}  // namespace

Result<Config> read_config(std::string_view text, const std::string& where) {
  const Result<Json> json = parse(text, where);
  if (!json) return json.error();
  Result<std::vector<std::string>> args = args_of(*json, where);
  if (!args) return args.error();
  Config config;
  config.args = std::move(*args);
  if (const Json* annotations = at(*json, "annotations"); annotations != nullptr && annotations->is_object())
    for (const auto& [key, value] : annotations->items())
      if (value.is_string()) config.annotations[key] = value.get<std::string>();
  if (const Json* linux_part = at(*json, "linux")) {
    if (const Json* label = at(*linux_part, "mountLabel"); label != nullptr && label->is_string())
      config.mount_label = label->get<std::string>();
    if (const Json* seccomp = at(*linux_part, "seccomp"); seccomp != nullptr && seccomp->is_object())
      config.seccomp = seccomp->dump();
  }
  config.has_proc = mounts_proc(*json);
  return config;
}

Result<std::string> with_args(std::string_view text, const std::string& where, const std::vector<std::string>& args) {
  Result<Json> json = parse(text, where);
  if (!json) return json.error();
  if (const Json* process = at(*json, "process"); process == nullptr || !process->is_object())
    return bad(where, "has no /process");
  (*json)["process"]["args"] = args;
  return (*json).dump();
}

}  // namespace cordon::oci
