#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apparmor/breadth.h"
#include "base/text.h"
#include "modes.h"
#include "seccomp/data.h"
#include "seccomp/read.h"
#include "seccomp/risk.h"

namespace cordon::check_tool {
namespace {

constexpr std::size_t kExposuresShown = 5;
using Lines = std::vector<std::string>;

Lines seccomp_surface(const ProfileFiles& profile, const Trace&, const BackendOptions& options) {
  Diagnostics unused;
  const auto read = seccomp::read_profile_file(profile.files[0], unused);
  const auto data = seccomp::load_data(options.data_dir);
  if (!read || !data) return {};
  return seccomp::risk_summary(seccomp::assess(seccomp::resolved(read->profile, {}), **data), **data);
}

Lines apparmor_surface(const ProfileFiles& profile, const Trace& trace, const BackendOptions& options) {
  Diagnostics unused;
  const auto decider = apparmor::read_profiles(profile.files, options, unused);
  if (!decider) return {};
  const apparmor::Breadth breadth = apparmor::breadth(**decider, trace);
  Lines lines = {fmt::format("{}, {} with wildcards, {} that no fact needed; {} of {} sensitive probes pass unused",
                             counted(breadth.rules, "rule"), breadth.wildcard_rules, breadth.unused_rules.size(),
                             breadth.exposures.size(), breadth.probes)};
  for (std::size_t i = 0; i < breadth.exposures.size() && i < kExposuresShown; ++i)
    lines.push_back(fmt::format("lets through, unused: {} — {} ({})", breadth.exposures[i].what,
                                breadth.exposures[i].risk, breadth.exposures[i].by));
  return lines;
}

struct SurfaceRow {
  std::string_view language;
  Lines (*surface)(const ProfileFiles&, const Trace&, const BackendOptions&);
};
constexpr std::array<SurfaceRow, 2> kSurfaces = {{{"seccomp", seccomp_surface}, {"apparmor", apparmor_surface}}};

}  // namespace

Lines surface(const ProfileFiles& profile, const Trace& trace, const BackendOptions& options) {
  for (const SurfaceRow& row : kSurfaces)
    if (row.language == profile.backend->name()) return row.surface(profile, trace, options);
  return {};
}

}  // namespace cordon::check_tool
