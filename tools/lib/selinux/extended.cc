#include "selinux/extended.h"

#include <algorithm>

#include "selinux/tables.h"

namespace cordon::selinux {

ExtendedPerms::ExtendedPerms(const Policy& policy) {
  for (const Rule& rule : policy.rules)
    if (const auto* op = std::get_if<IoctlOp>(&rule.grant().operation)) told_.insert(op->path);
}

void ExtendedPerms::leave(const Module& module, const std::string& domain) {
  for (const auto& [access, perms] : module.rules)
    if (access.source == domain && perms.contains("ioctl") && !module.types.contains(access.target))
      ioctls_.left.insert(access);
}

void ExtendedPerms::needs(const Grant& grant, const Demand& demand, const Access& access) {
  const auto asks = [&](const char* perm) {
    return std::find(demand.perms.begin(), demand.perms.end(), perm) != demand.perms.end();
  };
  if (!asks("ioctl") && !asks("nlmsg")) return;
  Numbers& numbers = asks("ioctl") ? ioctls_ : messages_;
  if (demand.extended) {
    numbers.seen[access].insert(*demand.extended);
    return;
  }
  if (const auto* vector = std::get_if<AvOp>(&grant.operation); vector != nullptr && !vector->xperms.empty()) {
    for (const std::uint32_t number : vector->xperms) numbers.seen[access].insert(static_cast<std::uint16_t>(number));
    return;
  }
  const auto* file = std::get_if<FileOp>(&grant.operation);
  if (file == nullptr || !told_.contains(file->path)) numbers.left.insert(access);
}

void ExtendedPerms::narrow_ioctls(Module& module, const std::string& domain) const {
  for (const auto& [access, perms] : module.rules) {
    if (access.kind != RuleKind::kAllow || access.source != domain || !perms.contains("ioctl") ||
        ioctls_.left.contains(access))
      continue;
    auto& commands = module.ioctls[access];
    const auto& always = baseline_tables().with_open_ioctls;
    commands.insert(always.begin(), always.end());
    if (const auto found = ioctls_.seen.find(access); found != ioctls_.seen.end())
      commands.insert(found->second.begin(), found->second.end());
  }
}

void ExtendedPerms::narrow_messages(Module& module, const std::string& domain) const {
  for (const auto& [access, types] : messages_.seen)
    if (access.source == domain && !messages_.left.contains(access) && module.rules.contains(access))
      module.messages[access] = types;
}

void ExtendedPerms::narrow(Module& module, const std::string& domain, bool ioctls) const {
  if (ioctls) narrow_ioctls(module, domain);
  narrow_messages(module, domain);
  for (const auto& [access, perms] : module.rules) {
    if (!perms.contains("ioctl") || !perms.contains("nlmsg")) continue;
    if (!module.ioctls.contains(access)) module.messages.erase(access);
    if (!module.messages.contains(access)) module.ioctls.erase(access);
  }
}

}  // namespace cordon::selinux
