#include "selinux/container_view.h"

#include <algorithm>

namespace cordon::selinux {
namespace {

bool under(const std::string& path, const std::string& prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || prefix == "/" || path[prefix.size()] == '/');
}

}  // namespace

const ContainerMount* ContainerView::mount_of(const std::string& path) const {
  const ContainerMount* best = nullptr;
  for (const ContainerMount& mount : mounts)
    if (under(path, mount.destination) && (best == nullptr || mount.destination.size() > best->destination.size()))
      best = &mount;
  return best;
}

std::string ContainerView::on_host(const ContainerMount& mount, const std::string& path) {
  const std::string below = path.substr(mount.destination == "/" ? 0 : mount.destination.size());
  return (mount.source == "/" ? "" : mount.source) + below;
}

std::optional<ContainerView> container_view_of(const Module& module, const std::string& domain,
                                               std::vector<ContainerMount> mounts) {
  const auto enters = [&](const TypeRule& rule) { return rule.klass == "process" && rule.result == domain; };
  if (std::any_of(module.type_rules.begin(), module.type_rules.end(), enters)) return std::nullopt;
  const auto is_file_type = [&](const std::string& type) {
    return module.types.contains(type) || std::find(std::begin(kContainerFileTypes), std::end(kContainerFileTypes),
                                                    type) != std::end(kContainerFileTypes);
  };
  for (const auto& [access, perms] : module.rules)
    if (access.source == domain && access.klass == "file" && perms.contains("entrypoint") &&
        is_file_type(access.target))
      return ContainerView{access.target, std::move(mounts)};
  return std::nullopt;
}

}  // namespace cordon::selinux
