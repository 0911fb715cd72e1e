#pragma once

#include <string>
#include <utility>
#include <vector>

#include "facts/trace.h"
#include "seccomp/compile.h"

namespace cordon::seccomp {

/// BPF instructions run for one call, in libseccomp's plain layout and as a binary tree.
struct CallCost {
  SyscallOp op;
  std::uint64_t count = 0;  ///< how often it was recorded
  std::uint32_t plain = 0;
  std::uint32_t tree = 0;
};

struct Cost {
  std::vector<CallCost> hottest;  ///< by count, at most ten calls
  std::size_t plain_length = 0;   ///< instructions of the programs
  std::size_t tree_length = 0;
  double plain_mean = 0;  ///< per recorded call, over all calls
  double tree_mean = 0;
  double ratio() const { return plain_mean > 0 ? tree_mean / plain_mean : 1; }  ///< below 1: the tree pays
};

/// Runs both layouts for every recorded call. Kernels since 5.11 skip the filter for calls that it allows whatever
/// their arguments (seccomp's bitmap), so the figures are of calls that are filtered by argument, or older kernels.
Result<Cost> cost_of(const Profile& profile, const Trace& trace, Arch host = native_arch());

/// Instructions run a call, averaged over all calls that the profile lets pass, each once: both layouts.
struct LayoutMeans {
  double plain = 0;
  double tree = 0;
};
Result<LayoutMeans> layout_means(const Profile& profile, Arch host = native_arch());

/// Whether the tree runs fewer instructions a call.
Result<bool> tree_pays(const Profile& profile, Arch host = native_arch());

}  // namespace cordon::seccomp
