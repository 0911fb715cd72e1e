#include "selinux/refpolicy_te.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cordon::selinux {
namespace {

/// True if the call's rules cover the vector.
bool covers(const InterfaceCall& call, const Vector& vector, const std::set<std::string>& perms) {
  const auto found = call.vectors.find(vector);
  return found != call.vectors.end() &&
         std::includes(found->second.begin(), found->second.end(), perms.begin(), perms.end());
}

Vectors needs_of(const Module& module, const std::string& domain) {
  Vectors out;
  for (const auto& [access, perms] : module.rules)
    if (access.kind == RuleKind::kAllow && access.source == domain && access.target != "self" &&
        !module.types.contains(access.target))
      out[{access.source, access.target, access.klass}] = perms;
  return out;
}

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at != text.npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

RefpolicyText write_refpolicy_te(const Module& module, const std::string& domain, const Interfaces& interfaces,
                                 std::size_t budget) {
  RefpolicyText out;
  Module left = module;
  const Vectors needed = needs_of(module, domain);
  std::set<std::string> calls;
  std::set<Vector> covered;
  for (const auto& [vector, perms] : needed) {
    if (covered.contains(vector)) continue;
    const auto found = interfaces.matches(domain, vector.target, vector.klass, perms, needed, 1);
    if (found.empty() || found[0].excess > budget) continue;
    for (const auto& [other, other_perms] : needed)
      if (covers(found[0], other, other_perms)) covered.insert(other);
    if (calls.insert(found[0].text).second && found[0].excess > 0)
      out.excess.push_back(fmt::format("{} in the .te grants {} more than was seen", found[0].text,
                                       counted(found[0].excess, "permission")));
  }
  for (const Vector& vector : covered) left.rules.erase({RuleKind::kAllow, vector.source, vector.target, vector.klass});
  std::string te = write_te(left);
  te = replaced(te, fmt::format("module {} {};\n", module.name, module.version),
                fmt::format("policy_module({}, {})\n", module.name, module.version));
  te = replaced(te, "\nrequire {\n", "\ngen_require(`\n");
  te = replaced(te, "\n}\n", "\n')\n");
  te += "\n";
  for (const std::string& call : calls) te += call + "\n";
  out.te = std::move(te);
  return out;
}

}  // namespace cordon::selinux
