// rooms: selinux policy facts kernel base
// A module made of any facts, against the installed policy: its names are fit, and it reads back rule for rule.
#include "installed.h"
#include "selinux/app_module.h"
#include "selinux/cil.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::selinux;
  const auto& installed = fuzz::installed();
  if (!installed) return 0;
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  Diagnostics diagnostics;
  const auto built =
      build_app_module(policy_from(*trace, "fuzz"), installed->policy, installed->labels, {}, diagnostics);
  if (!built) return 0;
  if (!bad_names(built->module).empty()) return 0;  // refused by name
  const auto again = read_cil(write_cil(built->module, installed->policy.mls()), "written.cil", diagnostics);
  fuzz::require(again.ok() && again->rules == built->module.rules);
  fuzz::require(read_fc(write_fc(built->module, ContextStyle::kMls), "written.fc").ok());
  return 0;
}
