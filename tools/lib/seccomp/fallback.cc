#include "seccomp/fallback.h"

#include <algorithm>
#include <array>

#include "kernel/names.h"

namespace cordon::seccomp {

std::optional<Clone3> clone3_mode(std::string_view word) {
  constexpr auto kWords = std::to_array<std::string_view>({"auto", "allow", "fallback"});
  const auto found = std::find(kWords.begin(), kWords.end(), word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<Clone3>(found - kWords.begin());
}

const FallbackRow* known_fallback(const SyscallOp& op, const Data& data) {
  if (op.name != kClone3 || !op.clone_flags) return nullptr;
  const auto found = std::find_if(data.fallbacks.begin(), data.fallbacks.end(),
                                  [&](const FallbackRow& row) { return row.flags == *op.clone_flags; });
  return found == data.fallbacks.end() ? nullptr : &*found;
}

SyscallOp fallback_call(const SyscallOp& op) {
  SyscallOp out;
  out.arch = op.arch;
  out.name = "clone";
  const std::uint32_t index = op.arch == Arch::kS390x ? 1 : 0;  // clone(2), "C library/kernel differences"
  out.args = {{index, op.clone_flags.value_or(0) & kCloneNamespaceMask, kCloneNamespaceMask}};
  return out;
}

}  // namespace cordon::seccomp
