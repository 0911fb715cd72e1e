#include "selinux/container_info.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace cordon::selinux {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

const Json& at(const Json& json, const std::string& key) {
  static const Json kNone;
  if (!json.is_object()) return kNone;
  const auto found = json.find(key);
  return found == json.end() ? kNone : *found;
}

std::string text(const Json& json, const std::string& key) {
  const Json& value = at(json, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag(const Json& json, const std::string& key) {
  const Json& value = at(json, key);
  return value.is_boolean() && value.get<bool>();
}

bool has_word(const Json& list, std::string_view word) {
  return list.is_array() && std::any_of(list.begin(), list.end(), [&](const Json& item) {
           return item.is_string() && item.get<std::string>() == word;
         });
}

void add_capabilities(const Json& list, ContainerInfo& out) {
  if (!list.is_array()) return;
  for (const Json& item : list) {
    if (!item.is_string()) continue;
    std::string name = item.get<std::string>();
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
    });
    if (name.starts_with("cap_")) name.erase(0, 4);
    if (name != "all") out.capabilities.push_back(std::move(name));
  }
}

/// "8080/tcp" of an inspect's port tables.
void add_ports(const Json& table, ContainerInfo& out) {
  if (!table.is_object()) return;
  for (const auto& [key, unused] : table.items()) {
    const auto parts = split(key, '/');
    const auto port = parse_number<std::uint16_t>(parts[0]);
    if (port) out.ports.push_back({parts.size() > 1 ? std::string(parts[1]) : "tcp", *port});
  }
}

/// An option of a mount's mode among the words between commas.
bool has_option(const std::string& mode, std::string_view option) {
  const auto words = split(mode, ',');
  return std::find(words.begin(), words.end(), option) != words.end();
}

/// podman and docker: Mounts with Source, Destination, RW, Mode.
void add_engine_mounts(const Json& list, ContainerInfo& out) {
  if (!list.is_array()) return;
  for (const Json& mount : list) {
    const std::string mode = text(mount, "Mode");
    const bool relabelled = has_option(mode, "z") || has_option(mode, "Z");
    if (text(mount, "Source").starts_with('/'))
      out.mounts.push_back({text(mount, "Source"), text(mount, "Destination"), flag(mount, "RW"), relabelled});
  }
}

void add_spec(const Json& spec, ContainerInfo& out) {
  const Json& mounts = at(spec, "mounts");
  if (mounts.is_array())
    for (const Json& mount : mounts) {
      const Json& options = at(mount, "options");
      if (!has_word(options, "bind") && !has_word(options, "rbind") && text(mount, "type") != "bind") continue;
      if (text(mount, "source").starts_with('/'))
        out.mounts.push_back({text(mount, "source"), text(mount, "destination"), !has_word(options, "ro"), false});
    }
  add_capabilities(at(at(at(spec, "process"), "capabilities"), "effective"), out);
}

ContainerInfo read_engine(const Json& json) {
  ContainerInfo out;
  out.form = at(json, "EffectiveCaps").is_array() || at(json, "BoundingCaps").is_array() ? "podman" : "docker";
  out.name = text(json, "Name");
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  const Json& host = at(json, "HostConfig");
  out.privileged = flag(host, "Privileged");
  add_engine_mounts(at(json, "Mounts"), out);
  add_capabilities(at(json, "EffectiveCaps"), out);
  add_capabilities(at(host, "CapAdd"), out);
  add_ports(at(at(json, "Config"), "ExposedPorts"), out);
  add_ports(at(host, "PortBindings"), out);
  add_ports(at(at(json, "NetworkSettings"), "Ports"), out);
  const Json& devices = at(host, "Devices");
  if (devices.is_array())
    for (const Json& device : devices) out.devices.push_back(text(device, "PathOnHost"));
  return out;
}

ContainerInfo read_cri(const Json& json) {
  ContainerInfo out;
  out.form = "cri";
  const Json& status = at(json, "status");
  out.name = text(at(status, "metadata"), "name");
  const Json& mounts = at(status, "mounts");
  if (mounts.is_array())
    for (const Json& mount : mounts)
      if (text(mount, "hostPath").starts_with('/'))
        out.mounts.push_back({text(mount, "hostPath"), text(mount, "containerPath"), !flag(mount, "readonly"),
                              flag(mount, "selinuxRelabel")});
  const Json& info = at(json, "info");
  out.privileged = flag(info, "privileged");
  add_capabilities(at(at(at(at(info, "runtimeSpec"), "process"), "capabilities"), "effective"), out);
  return out;
}

/// containerd's own form: the labels tell the name that people know the container by.
ContainerInfo read_containerd(const Json& json) {
  ContainerInfo out;
  out.form = "oci";
  out.name = text(json, "ID");
  for (const char* label : {"nerdctl/name", "io.kubernetes.container.name"})
    if (const std::string name = text(at(json, "Labels"), label); !name.empty()) out.name = name;
  add_spec(at(json, "Spec"), out);
  return out;
}

ContainerInfo read_bundle(const Json& json) {
  ContainerInfo out;
  out.form = "oci";
  add_spec(json, out);
  return out;
}

/// The engines' forms, by what only they have. nerdctl left HostConfig out until 2.0.
struct FormRow {
  bool (*is)(const Json&);
  ContainerInfo (*read)(const Json&);
};
constexpr FormRow kForms[] = {
    {[](const Json& json) { return at(json, "HostConfig").is_object(); }, read_engine},
    {[](const Json& json) { return at(json, "Mounts").is_array() && at(json, "Config").is_object(); }, read_engine},
    {[](const Json& json) { return at(at(json, "status"), "metadata").is_object(); }, read_cri},
    {[](const Json& json) { return at(json, "ociVersion").is_string(); }, read_bundle},
    {[](const Json& json) { return at(at(json, "Spec"), "process").is_object(); }, read_containerd},
};

template <class T>
void tidy(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

Result<ContainerInfo> read_container_info(std::string_view json, const std::string& where) {
  const Error foreign{ErrorCode::kBadInput, "not what a container engine's inspect prints", where,
                      "give the output of podman, docker, nerdctl or crictl inspect, or a bundle's config.json"};
  if (json.size() > kMaxBytes) return foreign;
  // Deep nesting would recurse in the parser's destructor: the forms that are read here nest a dozen levels.
  const Json parsed = Json::parse(
      json, [](int depth, Json::parse_event_t, Json&) { return depth < 64; }, false);
  const Json& first = parsed.is_array() && !parsed.empty() ? parsed[0] : parsed;
  const auto* form =
      std::find_if(std::begin(kForms), std::end(kForms), [&](const FormRow& row) { return row.is(first); });
  if (form == std::end(kForms)) return foreign;
  ContainerInfo out = form->read(first);
  tidy(out.mounts);
  tidy(out.ports);
  tidy(out.capabilities);
  tidy(out.devices);
  return out;
}

}  // namespace cordon::selinux
