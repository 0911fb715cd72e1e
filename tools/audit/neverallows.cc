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

Result<std::string> whole(const std::string& path) {
  auto source = audit::open_source(path);
  if (!source) return source.error();
  std::string text;
  constexpr std::size_t kStep = std::size_t{1} << 20;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kStep);
    const auto got = (*source)->read(text.data() + before, kStep);
    if (!got) return got.error();
    text.resize(before + *got);
    if (*got == 0) return text;
    if (text.size() > selinux::kMaxCilBytes)
      return Error{ErrorCode::kBadInput, "the CIL is longer than 64 MiB", path, {}};
  }
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
  const auto text = whole(path);
  if (!text) return text.error();
  auto rules = selinux::Neverallows::parse(*text, path);
  if (!rules) return rules.error();
  return std::optional(*std::move(rules));
}

}  // namespace cordon::audit_tool
