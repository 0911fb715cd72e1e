// rooms: seccomp policy facts kernel base
// Two profiles, whatever they say, compared: with itself each is the same, and what grows one way shrinks the other
// way.
#include "seccomp/diff.h"
#include "seccomp/read.h"
#include "support.h"

namespace {

using namespace cordon;
using namespace cordon::seccomp;

/// Resolved, or nothing where it is no profile or has more conditions than a comparison takes in a moment.
std::optional<Profile> profile_of(std::string_view text) {
  constexpr std::size_t kCheap = 24;
  Diagnostics diagnostics;
  const auto read = read_profile(text, "fuzz", diagnostics);
  if (!read) return std::nullopt;
  Profile plain = resolved(read->profile, Host{});
  std::size_t conditions = plain.architectures.size();
  for (const SyscallRule& rule : plain.rules) conditions += rule.args.size() * rule.names.size();
  if (conditions > kCheap) return std::nullopt;
  return plain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Two documents with a NUL between them.
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t cut = std::min(text.find('\0'), text.size());
  const auto before = profile_of(text.substr(0, cut));
  const auto after = cut == text.size() ? before : profile_of(text.substr(cut + 1));
  if (!before || !after) return 0;
  fuzz::require(diff_profiles(*before, *before, Runtime::kRunc).same());
  const Diff there = diff_profiles(*before, *after, Runtime::kRunc);
  const Diff back = diff_profiles(*after, *before, Runtime::kRunc);
  fuzz::require(there.grown() == back.shrunk() && there.shrunk() == back.grown());
  fuzz::require(there.settings.size() == back.settings.size());
  for (const Change& change : there.changes) fuzz::require(!to_text(change).empty() && change.before != change.after);
  return 0;
}
