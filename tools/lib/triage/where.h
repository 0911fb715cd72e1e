#pragma once

#include <string>
#include <string_view>

#include "audit/denial.h"
#include "facts/fact.h"

namespace cordon::triage {

/// Where a denial happened. What is not known is empty.
struct Where {
  std::string_view host;       ///< the node of "node time:serial"
  std::string_view unit;       ///< "web.service"
  std::string_view container;  ///< its name, else its id
  std::string_view container_id;

  /// The narrowest name: the container's, else the unit's.
  std::string_view name() const { return container.empty() ? unit : container; }
};
/// The views point into both. A scope that a container engine made for one container gives that one's id.
Where where_of(const Fact& fact, const audit::Details& details);

/// The id in "docker-ID.scope" and its kin (runc's and crun's systemd cgroup driver: PREFIX-ID.scope); else empty.
std::string_view container_of_scope(std::string_view unit);

}  // namespace cordon::triage
