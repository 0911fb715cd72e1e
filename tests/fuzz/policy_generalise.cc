// rooms: policy facts kernel base
// However far names are generalised: each name that was seen is still granted, and every rule has its evidence.
#include <algorithm>

#include "policy/generalise.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  const Policy given = policy_from(*trace, "fuzz");
  for (const Generalise how : {Generalise::kNone, Generalise::kSafe, Generalise::kBroad}) {
    const Policy shaped = generalise(given, how);
    fuzz::require(shaped.rules.size() <= given.rules.size());
    for (const Rule& rule : given.rules) {
      const auto* file = std::get_if<FileOp>(&rule.grant().operation);
      if (file == nullptr) continue;
      fuzz::require(std::any_of(shaped.rules.begin(), shaped.rules.end(), [&](const Rule& other) {
        const auto* op = std::get_if<FileOp>(&other.grant().operation);
        if (op == nullptr) return false;
        return other.grant().pattern ? other.grant().pattern->matches(file->path) : op->path == file->path;
      }));
    }
  }
  return 0;
}
