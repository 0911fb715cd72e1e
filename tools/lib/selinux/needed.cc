#include "selinux/needed.h"

#include <algorithm>

#include "selinux/app_module.h"
#include "selinux/container.h"
#include "selinux/container_view.h"
#include "selinux/decider.h"

namespace cordon::selinux {
namespace {

struct Fresh {
  Module module;
  std::string domain;
};

/// What the module's types are named after, whatever its file is called.
std::string name_of_module(const Module& module, const std::string& domain) {
  return domain.ends_with("_t") ? domain.substr(0, domain.size() - 2) : module.name;
}

/// The domains that the module's own domain is entered from.
std::vector<std::string> callers_of(const Module& module, const std::string& domain) {
  std::vector<std::string> out;
  for (const TypeRule& rule : module.type_rules)
    if (rule.klass == "process" && rule.result == domain) out.push_back(rule.source);
  return out;
}

Result<Fresh> fresh_module(const Policy& recorded, const Module& module, const std::string& domain,
                           const PolicyDb& base, const Labels& labels, const NeededOptions& options) {
  Policy named = recorded;
  named.name = name_of_module(module, domain);
  if (container_view_of(module, domain, {})) {
    auto built = build_container_module(&named, options.container, base, labels, {named.name, options.peers, false});
    if (!built) return built.error();
    return Fresh{std::move(built->module), built->type};
  }
  AppOptions app;
  app.callers = callers_of(module, domain);
  app.peers = options.peers;
  app.own_ports = !module.ports.empty();
  app.label_interpreter = true;
  Diagnostics unused;
  auto built = build_app_module(named, base, labels, app, unused);
  if (!built) return built.error();
  return Fresh{std::move(built->module), built->domain};
}

}  // namespace

Result<Vectors> needed_vectors(const Policy& recorded, const Module& module, const PolicyDb& base, const Labels& labels,
                               const NeededOptions& options) {
  const std::string domain = domain_of(module).value_or("");
  auto fresh = fresh_module(recorded, module, domain, base, labels, options);
  if (!fresh) return fresh.error();
  Vectors out;
  const auto renamed = [&](const std::string& type) {
    return type == fresh->domain && !domain.empty() ? domain : type;
  };
  for (const auto& [vector, perms] : vectors_of(fresh->module, &base))
    out[{renamed(vector.source), renamed(vector.target), vector.klass}].insert(perms.begin(), perms.end());
  for (const Rule& rule : recorded.rules)
    if (const auto* logged = std::get_if<AvOp>(&rule.grant().operation))
      out[{std::string(type_of(logged->source)), std::string(type_of(logged->target)), logged->klass}].insert(
          logged->perms.begin(), logged->perms.end());
  return out;
}

}  // namespace cordon::selinux
