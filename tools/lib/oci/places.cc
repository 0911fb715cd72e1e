#include "oci/places.h"

#include <dirent.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/text.h"

namespace cordon::oci {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kMostBytes = 64 << 20;

std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

template <class T>
std::optional<T> number_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<T>();
}

/// The folder's name `up` levels above the file: most runtimes name it by the container's id.
std::string folder_name(const std::string& file, unsigned up) {
  std::vector<std::string_view> parts = split(file, '/');
  return up < parts.size() ? std::string(parts[parts.size() - 1 - up]) : "";
}

using Found = std::vector<Sighting>;

Found crun_status(const Json& json, const std::string& file) {
  return {{folder_name(file, 1),
           {},
           number_at<pid_t>(json, "pid"),
           number_at<std::uint64_t>(json, "process-start-time"),
           file}};
}

Found runc_state(const Json& json, const std::string& file) {
  return {{text_at(json, "id"),
           {},
           number_at<pid_t>(json, "init_process_pid"),
           number_at<std::uint64_t>(json, "init_process_start"),
           file}};
}

Found pid_file(const Json& json, const std::string& file) {
  if (!json.is_number_integer()) return {};
  return {{folder_name(file, 1), {}, json.get<pid_t>(), std::nullopt, file}};
}

Found podman_list(const Json& json, const std::string& file) {
  Found all;
  if (!json.is_array()) return all;
  for (const Json& row : json) {
    Sighting one{text_at(row, "id"), {}, std::nullopt, std::nullopt, file};
    const auto names = row.is_object() ? row.find("names") : row.end();
    if (names != row.end() && names->is_array())
      for (const Json& name : *names)
        if (name.is_string()) one.names.push_back(name.get<std::string>());
    all.push_back(std::move(one));
  }
  return all;
}

Found docker_config(const Json& json, const std::string& file) {
  Sighting one{text_at(json, "ID"), {}, std::nullopt, std::nullopt, file};
  std::string name = text_at(json, "Name");
  if (name.starts_with('/')) name.erase(0, 1);
  if (!name.empty()) one.names.push_back(name);
  return {one};
}

/// Kubernetes' names stand in the annotations of the bundle (containerd's CRI plugin; CRI-O).
Found bundle_config(const Json& json, const std::string& file) {
  const std::string id = folder_name(file, folder_name(file, 1) == "userdata" ? 2 : 1);
  Sighting one{id, {}, std::nullopt, std::nullopt, file};
  const auto annotations = json.is_object() ? json.find("annotations") : json.end();
  if (annotations == json.end()) return {};
  for (const char* key : {"io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name"})
    if (const std::string name = text_at(*annotations, key); !name.empty()) one.names.push_back(name);
  return {one};
}

struct Place {
  const char* pattern;  ///< '*' is any one folder; $RUN is XDG_RUNTIME_DIR, $HOME the user's
  Found (*read)(const Json&, const std::string&);
};

constexpr Place kPlaces[] = {
    {"/run/crun/*/status", crun_status},                      // crun's status.c, root
    {"$RUN/crun/*/status", crun_status},                      // and rootless
    {"/run/runc/*/state.json", runc_state},                   // runc's --root default
    {"$RUN/runc/*/state.json", runc_state},                   // rootless
    {"/run/docker/runtime-runc/*/*/state.json", runc_state},  // dockerd's, by namespace
    {"/run/containerd/runc/*/*/state.json", runc_state},      // containerd's shim, by namespace
    {"/run/containerd/crun/*/*/status", crun_status},         // the same with crun
    {"/run/containerd/io.containerd.runtime.v2.task/*/*/init.pid", pid_file},
    {"/run/containerd/io.containerd.runtime.v2.task/*/*/config.json", bundle_config},
    {"/run/containers/storage/*/*/userdata/pidfile", pid_file},
    {"/run/containers/storage/*/*/userdata/config.json", bundle_config},  // CRI-O
    {"/var/lib/containers/storage/*/containers.json", podman_list},       // containers/storage
    {"$HOME/.local/share/containers/storage/*/containers.json", podman_list},
    {"/var/lib/docker/containers/*/config.v2.json", docker_config},  // moby daemon/container
};

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.empty() ? "/" : folder.c_str()), closedir);
  if (!dir) return names;
  while (const dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

/// The start of a pattern where it is a variable; nothing if that is not set.
std::optional<std::string> with_variables(std::string_view pattern) {
  if (!pattern.starts_with('$')) return std::string(pattern);
  const std::size_t end = pattern.find('/');
  const char* value = std::getenv(pattern.substr(0, end) == "$RUN" ? "XDG_RUNTIME_DIR" : "HOME");
  if (value == nullptr || *value != '/') return std::nullopt;
  return value + std::string(pattern.substr(end));
}

void expand(const std::string& done, std::string_view rest, std::vector<std::string>& files) {
  const std::size_t star = rest.find('*');
  if (star == std::string_view::npos) return files.push_back(done + std::string(rest));
  const std::string folder = done + std::string(rest.substr(0, star));
  for (const std::string& name : entries(folder)) expand(folder + name, rest.substr(star + 1), files);
}

}  // namespace

std::vector<Sighting> all_sightings(const std::string& root) {
  Found all;
  for (const Place& place : kPlaces) {
    const auto pattern = with_variables(place.pattern);
    if (!pattern) continue;
    std::vector<std::string> files;
    expand(root, *pattern, files);
    for (const std::string& file : files) {
      const auto text = read_file(file, kMostBytes);
      if (!text) continue;  // not a container's folder, or one that ended meanwhile
      for (Sighting& one : place.read(Json::parse(*text, nullptr, false), file))
        if (!one.id.empty()) all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace cordon::oci
