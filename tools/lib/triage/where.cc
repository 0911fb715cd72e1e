#include "triage/where.h"

#include <algorithm>

#include "triage/denial.h"

namespace cordon::triage {

std::string_view container_of_scope(std::string_view unit) {
  constexpr std::string_view kPrefixes[] = {"docker-", "libpod-", "crio-", "cri-containerd-"}, kEnding = ".scope";
  constexpr std::size_t kShortId = 12;
  if (!unit.ends_with(kEnding)) return {};
  unit.remove_suffix(kEnding.size());
  for (const auto prefix : kPrefixes) {
    if (!unit.starts_with(prefix)) continue;
    const auto id = unit.substr(prefix.size());
    return id.size() >= kShortId && id.find_first_not_of("0123456789abcdef") == id.npos ? id : std::string_view{};
  }
  return {};
}

Where where_of(const Fact& fact, const audit::Details& details) {
  Where where{host_of(fact), details.place.unit, fact.subject.container, details.place.container_id};
  if (where.container == where.unit) where.container = {};  // the subject has one field for both
  if (const auto id = container_of_scope(where.name()); !id.empty()) {
    if (where.unit.empty()) where.unit = where.container;
    where.container = id;
  }
  return where;
}

}  // namespace cordon::triage
