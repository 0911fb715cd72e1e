#include "selinux/module.h"

#include <algorithm>

#include "selinux/context.h"

namespace cordon::selinux {
namespace {

class Collector {
 public:
  explicit Collector(const Module& module) : module_(module) {}

  void type(const std::string& name) {
    if (name != "self" && !module_.types.contains(name) && !module_.attributes.contains(name)) out_.types.insert(name);
  }
  void role(const std::string& name) {
    if (!module_.roles.contains(name)) out_.roles.insert(name);
  }
  void access(const Access& access, const std::set<std::string>& perms) {
    type(access.source);
    type(access.target);
    out_.classes[access.klass].insert(perms.begin(), perms.end());
  }
  Requirements run();

 private:
  const Module& module_;
  Requirements out_;
};

Requirements Collector::run() {
  for (const auto& [access_key, perms] : module_.rules) access(access_key, perms);
  for (const ExtendedKind& kind : kExtendedKinds)
    for (const auto& [access_key, numbers] : module_.*kind.rules) access(access_key, {std::string(kind.perm)});
  for (const TypeRule& rule : module_.type_rules) {
    type(rule.source);
    type(rule.target);
    type(rule.result);
    out_.classes[rule.klass];
  }
  for (const auto& [name, attributes] : module_.type_attributes) {
    type(name);
    for (const std::string& attribute : attributes)
      if (!module_.attributes.contains(attribute)) out_.attributes.insert(attribute);
  }
  for (const auto& [role_name, type_name] : module_.role_types) {
    role(role_name);
    type(type_name);
  }
  for (const auto& [from, to] : module_.role_allows) {
    role(from);
    role(to);
  }
  for (const auto& [parent, child] : module_.bounds) {
    type(parent);
    type(child);
  }
  for (const std::string& name : module_.permissive) type(name);
  for (const std::string& name : out_.attributes) out_.types.erase(name);
  return std::move(out_);
}

void check(const std::string& name, std::vector<std::string>& bad) {
  if (!is_identifier(name)) bad.push_back(name);
}

/// What a line of file contexts and a string of CIL can hold; escape_path() writes nothing else.
bool fits_a_line(std::string_view regex) {
  return std::all_of(regex.begin(), regex.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

}  // namespace

std::string_view name_of(RuleKind kind) {
  static constexpr std::string_view kNames[] = {"allow", "dontaudit", "auditallow", "neverallow"};
  return kNames[static_cast<std::size_t>(kind)];
}

void Module::allow(const std::string& source, const std::string& target, const std::string& klass,
                   const std::vector<std::string>& perms) {
  if (perms.empty()) return;
  rules[{RuleKind::kAllow, source, source == target ? "self" : target, klass}].insert(perms.begin(), perms.end());
}

Requirements requirements(const Module& module) { return Collector(module).run(); }

std::vector<std::string> bad_names(const Module& module) {
  std::vector<std::string> bad;
  check(module.name, bad);
  const Requirements needed = requirements(module);
  for (const auto* names : {&module.types, &module.attributes, &module.roles, &needed.types, &needed.attributes,
                            &needed.roles, &module.permissive})
    for (const std::string& name : *names) check(name, bad);
  for (const auto& [klass, perms] : needed.classes) {
    check(klass, bad);
    for (const std::string& perm : perms) check(perm, bad);
  }
  for (const FileContext& context : module.contexts) {
    if (!context.type.empty()) check(context.type, bad);
    if (!fits_a_line(context.regex)) bad.push_back(context.regex);
  }
  for (const PortContext& port : module.ports) check(port.type, bad);
  std::sort(bad.begin(), bad.end());
  bad.erase(std::unique(bad.begin(), bad.end()), bad.end());
  return bad;
}

}  // namespace cordon::selinux
