#include "selinux/ioctls.h"

#include <algorithm>

#include "selinux/tables.h"

namespace cordon::selinux {

IoctlCommands::IoctlCommands(const Policy& policy) {
  for (const Rule& rule : policy.rules)
    if (const auto* op = std::get_if<IoctlOp>(&rule.grant().operation)) told_.insert(op->path);
}

void IoctlCommands::leave(const Module& module, const std::string& domain) {
  for (const auto& [access, perms] : module.rules)
    if (access.source == domain && perms.contains("ioctl") && !module.types.contains(access.target))
      left_.insert(access);
}

void IoctlCommands::needs(const Grant& grant, const Demand& demand, const Access& access) {
  if (std::find(demand.perms.begin(), demand.perms.end(), "ioctl") == demand.perms.end()) return;
  if (demand.ioctl) {
    seen_[access].insert(*demand.ioctl);
    return;
  }
  if (const auto* vector = std::get_if<AvOp>(&grant.operation); vector != nullptr && !vector->xperms.empty()) {
    for (const std::uint32_t command : vector->xperms) seen_[access].insert(static_cast<std::uint16_t>(command));
    return;
  }
  const auto* file = std::get_if<FileOp>(&grant.operation);
  if (file == nullptr || !told_.contains(file->path)) left_.insert(access);
}

void IoctlCommands::narrow(Module& module, const std::string& domain) const {
  for (const auto& [access, perms] : module.rules) {
    if (access.kind != RuleKind::kAllow || access.source != domain || !perms.contains("ioctl") ||
        left_.contains(access))
      continue;
    auto& commands = module.ioctls[access];
    const auto& always = baseline_tables().with_open_ioctls;
    commands.insert(always.begin(), always.end());
    if (const auto found = seen_.find(access); found != seen_.end())
      commands.insert(found->second.begin(), found->second.end());
  }
}

}  // namespace cordon::selinux
