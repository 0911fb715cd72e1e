#pragma once

#include <string>
#include <vector>

#include "seccomp/data.h"
#include "seccomp/reference.h"

namespace cordon::seccomp {

/// How much of a call a profile lets pass.
enum class Reach : std::uint8_t { kDenied, kFiltered, kWhole };

struct CallReach {
  std::string name;
  Reach reach = Reach::kDenied;
};

/// A risk group with those of its calls that the profile allows.
struct RiskFinding {
  const RiskRow* row = nullptr;  ///< into Data
  std::vector<CallReach> calls;
};

struct Assessment {
  std::size_t allowed = 0;   ///< calls of the ABI's table that pass, for some arguments at least
  std::size_t filtered = 0;  ///< of those, for some arguments only
  std::size_t total = 0;     ///< the table's size
  std::vector<RiskFinding> risks;
  std::vector<std::string> open_cves;  ///< whose entry the profile leaves open
  std::vector<std::string> blocked_cves;
};

/// Judges a resolved profile on one ABI by its documented semantics (Reference).
Assessment assess(const Profile& profile, const Data& data, Arch arch = native_arch());

/// The same of Docker's and podman's defaults, for comparison (x86_64).
struct Compared {
  std::string name;
  std::string source;
  Assessment assessment;
};
std::vector<Compared> reference_assessments(const Data& data);

/// "allows 61 of 373 calls (Docker's default 315, podman's 320); blocks the known entry of 31 of 40 listed CVEs …" and
/// one line a risk group.
std::vector<std::string> risk_summary(const Assessment& assessment, const Data& data);

/// How much of the call passes.
Reach reach_of(const Reference& reference, Arch arch, const std::string& name);

}  // namespace cordon::seccomp
