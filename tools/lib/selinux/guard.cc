#include "selinux/guard.h"

#include <algorithm>

#include "selinux/tables.h"

namespace cordon::selinux {
namespace {

bool has(const Strings& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool guards_type(const GuardRow& row, const std::string& source, const std::string& target) {
  if (has(row.types, target) || has(row.types, "*")) return true;
  const bool self = source == target || target == "self";
  if (has(row.types, self ? "self" : "other")) return true;
  return std::any_of(row.type_suffixes.begin(), row.type_suffixes.end(),
                     [&](const std::string& suffix) { return target.ends_with(suffix); });
}

}  // namespace

std::vector<GuardHit> guard_hits(const std::string& source_type, const std::string& target_type,
                                 const std::string& klass, const std::vector<std::string>& perms) {
  std::vector<GuardHit> out;
  for (const GuardRow& row : guard_rows()) {
    if (!has(row.classes, klass) || !guards_type(row, source_type, target_type)) continue;
    GuardHit hit{row.id, {}, row.why, row.instead};
    for (const std::string& perm : perms)
      if (has(row.perms, perm)) hit.perms.push_back(perm);
    std::sort(hit.perms.begin(), hit.perms.end());
    if (!hit.perms.empty()) out.push_back(std::move(hit));
  }
  return out;
}

}  // namespace cordon::selinux
