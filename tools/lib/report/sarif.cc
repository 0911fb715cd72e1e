#include "report/sarif.h"

#include <map>
#include <nlohmann/json.hpp>

#include "report/escape.h"
#include "report/triage_json.h"

namespace cordon::report {
namespace {

using Json = nlohmann::ordered_json;

Json rule_json(const SarifRule& rule) {
  Json out{{"id", rule.id}, {"name", rule.name}, {"shortDescription", {{"text", utf8(rule.text)}}}};
  if (!rule.help.empty()) out["help"] = {{"text", utf8(rule.help)}};
  return out;
}

Json location_json(const SarifResult& result) {
  Json place{{"artifactLocation", {{"uri", uri(result.file)}}}};
  if (result.line != 0) place["region"] = {{"startLine", result.line}};
  return {{"physicalLocation", std::move(place)}};
}

Json result_json(const SarifResult& result, std::size_t rule_index) {
  Json out{{"ruleId", result.rule},
           {"ruleIndex", rule_index},
           {"level", result.level},
           {"message", {{"text", utf8(result.message)}}}};
  out["locations"] = Json::array();
  if (!result.file.empty()) out["locations"].push_back(location_json(result));
  if (!result.fingerprint.empty()) out["partialFingerprints"] = {{"cordon/v1", result.fingerprint}};
  if (!result.properties.empty()) {
    out["properties"] = Json::object();
    for (const auto& [key, value] : result.properties) out["properties"][key] = utf8(value);
  }
  return out;
}

}  // namespace

std::string sarif_log(std::string_view tool, std::string_view version, const std::vector<SarifRule>& rules,
                      const std::vector<SarifResult>& results) {
  Json driver{{"name", tool}, {"semanticVersion", version}, {"rules", Json::array()}};
  std::map<std::string, std::size_t> index;
  for (const auto& rule : rules) {
    if (!index.emplace(rule.id, index.size()).second) continue;
    driver["rules"].push_back(rule_json(rule));
  }
  Json run{{"tool", {{"driver", std::move(driver)}}}, {"columnKind", "unicodeCodePoints"}, {"results", Json::array()}};
  for (const auto& result : results) {
    const auto at = index.find(result.rule);
    run["results"].push_back(result_json(result, at == index.end() ? 0 : at->second));
  }
  Json log{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", Json::array()}};
  log["runs"].push_back(std::move(run));
  return json_text(log, 2) + "\n";
}

}  // namespace cordon::report
