// rooms: apparmor policy facts
// A profile made of any facts, for a host or a container, is read back by our own reader of profiles, with one profile
// of the name given.
#include "apparmor/emit.h"
#include "apparmor/source.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::apparmor;
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  for (const Platform platform : {Platform::kTry, Platform::kDocker}) {
    EmitOptions options;
    options.compile_budget_s = 1e9;  // no parser is run to measure
    options.platform = platform;
    Diagnostics diagnostics;
    const auto emission = emit_profile(policy_from(*trace, "fuzz"), options, diagnostics);
    if (!emission) continue;
    SourceOptions reading;
    reading.include_dirs.clear();
    const auto profiles = read_source(emission->files.front().bytes, "emitted", reading, diagnostics);
    fuzz::require(profiles.ok() && !profiles->empty());
  }
  return 0;
}
