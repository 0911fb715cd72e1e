#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "policy/backend.h"
#include "seccomp/data.h"
#include "seccomp/fallback.h"
#include "seccomp/profile.h"

/// What a profile is to allow, before any file format: calls with their argument conditions, each with its origin.
namespace cordon::seccomp {

using ArgSet = std::vector<ArgCondition>;  ///< ascending by index; all must hold

/// Why a call is allowed. Lower ranks are listed first; what the program did comes before what was added.
struct Origin {
  int rank =
      0;  ///< 0 observed, 1 pinned, 2 always-allowed values, 3 timing, twins and fallbacks, 4 packs, 5 another profile
  std::string layer;   ///< "observed", "pinned", "values", "timing", "twins", "pack crun", …
  std::string reason;  ///< empty for observed
  auto operator<=>(const Origin&) const = default;
  bool added() const { return rank >= 2; }
};

/// One call: whole, or only where one of the sets holds.
struct Allowance {
  bool whole = false;
  Origin origin;  ///< of the whole call
  std::map<ArgSet, Origin> sets;
};

/// How calls are denied that no allowance names.
struct Denial {
  Action action = Action::kErrno;
  std::uint32_t errno_number = 1;
  std::map<std::string, ErrnoRow> explicit_errnos;  ///< by call
  bool logged = false;  ///< SECCOMP_FILTER_FLAG_LOG: the kernel logs errnos too (audit records of type 1326)
};

struct Plan {
  std::string name;
  bool complete = true;
  std::vector<std::string> notes;
  std::vector<Arch> arches;  ///< the native ABI first
  std::map<std::string, Allowance> calls;
  Denial denial;
  std::set<std::string> capabilities;             ///< that the program was seen to use: "CAP_SYS_ADMIN"
  std::set<std::string> fallen_back;              ///< seen, but denied with ENOSYS, since their callers fall back
  std::map<std::string, std::string> told_packs;  ///< packs that the recording told of, with the path that told
  std::string whole_clone3;                       ///< why clone3 is allowed whole; empty where it is not
  std::vector<Plan> elsewhere;  ///< the same for machines of other ABIs (--map-to); only Docker's form holds them all

  void allow(const std::string& call, Origin origin);
  void allow(const std::string& call, ArgSet set, Origin origin);
  std::size_t filtered_count() const;  ///< calls that are allowed for some arguments only
};

/// The options that shape a plan, from BackendOptions; see the backend's option table.
struct PlanOptions {
  ArgumentLevel arguments = ArgumentLevel::kSafe;
  bool compat = false;
  Clone3 clone3 = Clone3::kAuto;
  bool timing = true;
  bool twins = true;
  bool new_privs = true;  ///< whether the program may run without no_new_privs
  Action denial = Action::kErrno;
  bool log_denials = false;
  std::vector<std::string> packs;
  bool told_packs = false;         ///< those that the recording tells of as well
  std::set<std::string> left_out;  ///< but for these
  std::vector<Arch> only_arches;   ///< map to these instead of what was seen
};
Result<PlanOptions> plan_options(const BackendOptions& options, const Data& data);

/// The plan and what became of each rule that it does not say exactly.
struct Planned {
  Plan plan;
  std::vector<RuleNote> notes;
};
Planned plan_of(const Policy& policy, const PlanOptions& options, const Data& data, Diagnostics& diagnostics);

/// The argument positions of a call that are filtered at a level: index and mask.
struct FilteredPosition {
  std::uint32_t index = 0;
  std::uint64_t mask = 0;
  const ArgumentRow* row = nullptr;  ///< into Data
};
std::vector<FilteredPosition> filtered_positions(Arch arch, const std::string& call, ArgumentLevel level,
                                                 const Data& data);

/// The plan as a profile, one rule a layer, reason and argument set; deterministic.
Profile profile_of(const Plan& plan);

}  // namespace cordon::seccomp
