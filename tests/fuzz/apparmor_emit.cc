// rooms: apparmor policy facts
// A profile made of any facts is read back by our own reader of profiles, with one profile of the name given.
#include "apparmor/emit.h"
#include "apparmor/source.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::apparmor;
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  EmitOptions options;
  options.compile_budget_s = 1e9;  // no parser is run to measure
  Diagnostics diagnostics;
  const auto emission = emit_profile(policy_from(*trace, "fuzz"), options, diagnostics);
  if (!emission) return 0;
  SourceOptions reading;
  reading.include_dirs.clear();
  const auto profiles = read_source(emission->files.front().bytes, "emitted", reading, diagnostics);
  fuzz::require(profiles.ok() && !profiles->empty());
  return 0;
}
