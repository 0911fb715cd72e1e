#include "neverallows.h"

#include <unistd.h>

#include "audit/input.h"
#include "base/text.h"

namespace cordon::audit_tool {
namespace {

constexpr std::string_view kBase = "/active/modules/100/base/cil";
constexpr std::string_view kEtc = "/etc/selinux/", kStore = "/var/lib/selinux/";

/// ROOT/etc/selinux/TYPE/policy/policy.N and ROOT/var/lib/selinux/TYPE/active/policy.kern both give
/// ROOT/var/lib/selinux/TYPE/…; the loaded policy is this host's.
std::string base_module_of(const std::string& policy) {
  std::string path = policy;
  if (path.starts_with("/sys/fs/selinux/")) {
    const auto contexts = selinux::find_file_contexts();
    if (!contexts) return {};
    path = *contexts;
  }
  for (const std::string_view mark : {kEtc, kStore}) {
    const std::size_t at = path.rfind(mark);
    if (at == std::string::npos) continue;
    const std::size_t type = at + mark.size();
    return path.substr(0, at) + std::string(kStore) + path.substr(type, path.find('/', type) - type) +
           std::string(kBase);
  }
  return {};
}

}  // namespace

Result<std::optional<selinux::Neverallows>> find_neverallows(const std::string& named, const std::string& policy,
                                                             std::vector<std::string>& notes) {
  const std::string path = named.empty() ? base_module_of(policy) : named;
  if (named.empty() && (path.empty() || access(path.c_str(), R_OK) != 0)) {
    notes.push_back(
        "this policy's neverallow rules are not at hand, the guards alone are asked; --neverallow names a "
        "CIL file that holds them");
    return std::optional<selinux::Neverallows>();
  }
  auto source = audit::open_source(path);
  if (!source) return source.error();
  const auto read = [&source](char* buffer, std::size_t size) { return (*source)->read(buffer, size); };
  auto rules = selinux::Neverallows::parse(read, path);
  if (!rules) return rules.error();
  return std::optional(*std::move(rules));
}

}  // namespace cordon::audit_tool
