// rooms: seccomp policy facts kernel base
#include <cstdint>
#include <string_view>

#include "seccomp/compile.h"
#include "seccomp/read.h"
#include "seccomp/write.h"

using namespace cordon;
using namespace cordon::seccomp;

/// Profiles of any bytes are read or refused; what is read is written, and read again it writes the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Diagnostics diagnostics;
  const auto first = read_profile({reinterpret_cast<const char*>(data), size}, "fuzz", diagnostics);
  if (!first) return 0;
  const Dialect dialect = first->dialect == Dialect::kSpo ? Dialect::kOci : first->dialect;
  const std::string once = write_json(first->profile, dialect);
  const auto second = read_profile(once, "written", diagnostics);
  CORDON_INVARIANT(second.ok());
  // What is empty is left out, so the dialect may be a plainer one; the words stay the same.
  CORDON_INVARIANT(write_json(second->profile, dialect) == once);
  Host host;
  host.caps = default_caps();
  const Profile plain = resolved(first->profile, host);
  std::size_t conditions = 0;
  for (const SyscallRule& rule : plain.rules) conditions += rule.args.size() * rule.names.size();
  constexpr std::size_t kCheap = 24;  // libseccomp's compiler takes minutes for many overlapping conditions
  if (conditions <= kCheap) static_cast<void>(compile(plain, Runtime::kRunc));
  return 0;
}
