#include "selinux/dontaudit.h"

#include "selinux/policydb_impl.h"

namespace cordon::selinux {

DontauditCounts::DontauditCounts(const PolicyDb& policy) : policy_(policy), by_source_(std::size_t{1} << 16) {
  const auto tally = [](avtab_key_t* key, avtab_datum_t*, void* into) {
    if ((key->specified & AVTAB_AUDITDENY) != 0) ++(*static_cast<std::vector<std::size_t>*>(into))[key->source_type];
    return 0;
  };
  auto& db = policy_.impl().db;
  avtab_map(&db.te_avtab, tally, &by_source_);
  avtab_map(&db.te_cond_avtab, tally, &by_source_);
}

std::size_t DontauditCounts::of(std::string_view type) const {
  const std::uint32_t value = policy_.impl().type_value(type);
  if (value == 0) return 0;
  std::size_t count = 0;
  for (const std::uint32_t bit : bits_of(policy_.impl().db.type_attr_map[value - 1])) count += by_source_[bit + 1];
  return count;
}

}  // namespace cordon::selinux
