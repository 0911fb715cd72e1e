#pragma once

#include <optional>
#include <string>
#include <vector>

#include "selinux/container_info.h"
#include "selinux/module.h"

namespace cordon::selinux {

/// Where a container's paths lie: its own files bear one type, a mount's those of the host.
struct ContainerView {
  std::string file_type;
  std::vector<ContainerMount> mounts;
  auto operator<=>(const ContainerView&) const = default;

  /// The mount that holds the path, the innermost one; null: the image or the container's own layer does.
  const ContainerMount* mount_of(const std::string& path) const;
  /// The path on the host of what lies in such a mount.
  static std::string on_host(const ContainerMount& mount, const std::string& path);
};

/// What containers' files are called: container-selinux, and its older names. The first that the policy has is it.
inline constexpr const char* kContainerFileTypes[] = {"container_file_t", "container_ro_file_t",
                                                      "svirt_sandbox_file_t"};

/// The view of a module that was made for a container, told by its rules: no transition leads into its domain, which
/// is entered at the container's files. Nothing for other modules; `mounts` are taken over.
std::optional<ContainerView> container_view_of(const Module& module, const std::string& domain,
                                               std::vector<ContainerMount> mounts);

}  // namespace cordon::selinux
