#include "selinux/bottlerocket.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "selinux/container_view.h"
#include "selinux/private_types.h"
#include "selinux/tables.h"

namespace cordon::selinux {
namespace {

constexpr FilePerms kChanges = FilePerms(FilePerm::kWrite) | FilePerm::kAppend | FilePerm::kCreate |
                               FilePerm::kTruncate | FilePerm::kUnlink | FilePerm::kRenameFrom | FilePerm::kRenameTo |
                               FilePerm::kLinkTo | FilePerm::kSymlink | FilePerm::kSetattr | FilePerm::kSetxattr |
                               FilePerm::kConnect;

bool under(const std::string& path, const std::string& prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || prefix == "/" || path[prefix.size()] == '/');
}

const BottlerocketPlace& place_on_host(const std::string& path) {
  const BottlerocketPlace* best = nullptr;
  std::size_t longest = 0;
  for (const BottlerocketPlace& place : bottlerocket_tables().places)
    for (const std::string& prefix : place.prefixes)
      if (under(path, prefix) && prefix.size() >= longest) {
        best = &place;
        longest = prefix.size();
      }
  return *best;
}

/// The paths of the host that the container writes.
std::set<std::string> written(const Policy* recorded, const ContainerInfo* info) {
  std::set<std::string> out;
  if (info == nullptr) return out;
  const ContainerView view{{}, info->mounts};
  if (recorded == nullptr)
    for (const ContainerMount& mount : info->mounts)
      if (mount.writable) out.insert(mount.source);
  for (std::size_t i = 0; recorded != nullptr && i < recorded->rules.size(); ++i) {
    const Grant& grant = recorded->rules[i].grant();
    if (!std::holds_alternative<FileOp>(grant.operation)) continue;
    const FileOp file = file_of(grant);
    const ContainerMount* mount = view.mount_of(file.path);
    if (mount != nullptr && !mount->relabelled && file.perms.has_any(kChanges))
      out.insert(ContainerView::on_host(*mount, file.path));
  }
  return out;
}

}  // namespace

std::string bottlerocket_type(const Policy* recorded, const ContainerInfo* info) {
  const auto& types = bottlerocket_tables().types;
  std::size_t level = 0;
  std::string why = "nothing that was seen needs more";
  if (info != nullptr && info->privileged) {
    level = types.size() - 1;
    why = "it is privileged";
  }
  for (const std::string& path : written(recorded, info)) {
    const BottlerocketPlace& place = place_on_host(path);
    if (place.writers.empty())
      return fmt::format("none fits: it writes {}, which is {} ({})", printable(path), place.label, place.reason);
    const auto needed =
        std::find_if(types.begin(), types.end(), [&](const auto& type) { return type.first == place.writers.front(); });
    const std::size_t at = static_cast<std::size_t>(needed - types.begin());
    if (at <= level) continue;
    level = at;
    why = fmt::format("it writes {}, which is {} ({})", printable(path), place.label, place.reason);
  }
  return fmt::format("{}, {}: {}", types[level].first, types[level].second, why);
}

}  // namespace cordon::selinux
