#include "oci/container.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "oci/places.h"

namespace cordon::oci {
namespace {

constexpr std::size_t kStatStartTime = 20;  // proc(5): field 22, counted from the state behind the name

std::optional<std::uint64_t> start_ticks(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  const std::size_t name_end = text ? (*text).rfind(')') : std::string::npos;
  if (name_end == std::string::npos || name_end + 2 >= (*text).size()) return std::nullopt;
  const auto fields = split(std::string_view(*text).substr(name_end + 2), ' ');
  if (fields.size() <= kStatStartTime - 1) return std::nullopt;
  return parse_number<std::uint64_t>(fields[kStatStartTime - 1]);
}

/// Everything that is said of one id.
struct Known {
  std::vector<std::string> names;
  std::vector<Sighting> with_pid;
};
using ById = std::map<std::string, Known>;

ById by_id(std::vector<Sighting> sightings) {
  ById known;
  for (Sighting& one : sightings) {
    Known& entry = known[one.id];
    entry.names.insert(entry.names.end(), one.names.begin(), one.names.end());
    if (one.pid && *one.pid > 0) entry.with_pid.push_back(std::move(one));
  }
  return known;
}

bool runs(const Sighting& one) {
  const auto started = start_ticks(*one.pid);
  return started && (!one.started_ticks || *started == *one.started_ticks);
}

bool lives(const Known& known) { return std::any_of(known.with_pid.begin(), known.with_pid.end(), runs); }

/// The id itself, else what bears the name, else the ids that begin so. A container that has ended keeps its name with
/// some engines: those that run go first.
std::vector<std::string> matches(const ById& known, const std::string& word) {
  if (known.count(word) != 0) return {word};
  std::vector<std::string> found[4];
  for (const auto& [id, entry] : known) {
    const bool named = std::find(entry.names.begin(), entry.names.end(), word) != entry.names.end();
    if (named)
      found[lives(entry) ? 0 : 2].push_back(id);
    else if (id.starts_with(word))
      found[lives(entry) ? 1 : 3].push_back(id);
  }
  for (std::vector<std::string>& some : found)
    if (!some.empty()) return some;
  return {};
}

}  // namespace

Result<RunningContainer> find_container(const std::string& word, const std::string& root) {
  const std::string where = printable(word);
  if (word.empty()) return Error{ErrorCode::kUsage, "an empty name of a container", "", ""};
  const ById known = by_id(all_sightings(root));
  const std::vector<std::string> found = matches(known, word);
  if (found.empty())
    return Error{
        ErrorCode::kBadInput, "no container has this id or name", where,
        "looked into the state folders of crun, runc, podman, docker and containerd that can be read (run as root, "
        "or as the container's owner); else give its cgroup with --cgroup, or its processes with -p"};
  if (found.size() > 1)
    return Error{ErrorCode::kBadInput, "more than one container matches: " + join(found, ", "), where,
                 "give the whole id"};
  const Known& entry = known.at(found[0]);
  const auto alive = std::find_if(entry.with_pid.begin(), entry.with_pid.end(), runs);
  if (alive == entry.with_pid.end())
    return Error{ErrorCode::kEnvironment, "the container does not run", where,
                 "start it, or record its start with cordon-oci"};
  return RunningContainer{found[0], entry.names.empty() ? "" : entry.names[0], *alive->pid};
}

}  // namespace cordon::oci
