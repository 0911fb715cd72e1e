#include "apparmor/data.h"

#include <nlohmann/json.hpp>

#include "base/embedded.h"
#include "base/invariant.h"

namespace cordon::apparmor {

std::span<const EmbeddedFile> embedded_files();

namespace {

using Json = nlohmann::ordered_json;

std::string_view embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files())
    if (file.name == name) return file.text;
  return {};
}

/// The tables were checked against their schemas before they were compiled in: a fault here is a broken build.
Json table(std::string_view name) {
  Json json = Json::parse(embedded(name), nullptr, false);
  CORDON_INVARIANT(!json.is_discarded());
  return json;
}

std::vector<PackRule> read_pack(std::string_view name) {
  std::vector<PackRule> rules;
  const Json json = table(name);
  for (const Json& row : json["rules"])
    rules.push_back({row["rule"], row.value("glob", ""), letters_from(row.value("letters", "")), row["reason"],
                     row.value("where", "")});
  return rules;
}

std::vector<Probe> read_probes() {
  std::vector<Probe> probes;
  const Json json = table("apparmor/probes.json");
  for (const Json& row : json["probes"])
    probes.push_back({row["path"], letters_from(std::string(row["letters"])), row["risk"]});
  return probes;
}

std::vector<CapabilityProbe> read_capability_probes() {
  std::vector<CapabilityProbe> probes;
  const Json json = table("apparmor/probes.json");
  for (const Json& row : json["capabilities"]) probes.push_back({row["name"], row["risk"]});
  return probes;
}

/// A table of two texts a row.
template <class Row>
std::vector<Row> read_rows(std::string_view file, const char* table_name, const char* key) {
  std::vector<Row> rows;
  const Json json = table(file);
  for (const Json& row : json[table_name]) rows.push_back({row[key], row["reason"]});
  return rows;
}

}  // namespace

const std::vector<PackRule>& baseline_pack() {
  static const std::vector<PackRule> pack = read_pack("apparmor/baseline.json");
  return pack;
}

const std::vector<PackRule>& denies_pack() {
  static const std::vector<PackRule> pack = read_pack("apparmor/denies.json");
  return pack;
}

const std::vector<Probe>& path_probes() {
  static const std::vector<Probe> probes = read_probes();
  return probes;
}

const std::vector<CapabilityProbe>& capability_probes() {
  static const std::vector<CapabilityProbe> probes = read_capability_probes();
  return probes;
}

const std::vector<StrongClass>& strong_classes() {
  static const auto classes = read_rows<StrongClass>("apparmor/strong.json", "classes", "class");
  return classes;
}

const std::vector<StrongTree>& strong_trees() {
  static const auto trees = read_rows<StrongTree>("apparmor/strong.json", "written", "tree");
  return trees;
}

const std::vector<ContainerRoot>& container_roots() {
  static const auto roots = read_rows<ContainerRoot>("apparmor/containers.json", "roots", "root");
  return roots;
}

const std::vector<RuntimeProgram>& runtime_programs() {
  static const auto programs = read_rows<RuntimeProgram>("apparmor/containers.json", "runtimes", "program");
  return programs;
}

std::string_view features_text(Dialect dialect) {
  return embedded("apparmor/features-" + std::string(dialect_info(dialect).name));
}

FileLetters letters_from(std::string_view text) {
  FileLetters letters = 0;
  for (const char c : text) {
    switch (c) {
      case 'r': letters |= kR; break;
      case 'w': letters |= kW; break;
      case 'a': letters |= kA; break;
      case 'k': letters |= kK; break;
      case 'l': letters |= kL; break;
      case 'm': letters |= kM; break;
      case 'x': letters |= kX; break;
      default: break;
    }
  }
  return letters;
}

}  // namespace cordon::apparmor
