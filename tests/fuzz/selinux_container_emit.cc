// rooms: selinux policy facts kernel base
// A container's module, made of what its engine says and of any facts, against the installed policy: its names are fit,
// and it reads back rule for rule.
#include "installed.h"
#include "selinux/cil.h"
#include "selinux/container.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::selinux;
  const auto& installed = fuzz::installed();
  // What the engine says, a NUL, the facts one a line.
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t cut = std::min(text.find('\0'), text.size());
  const auto info = read_container_info(text.substr(0, cut), "fuzz.json");
  const auto trace = cut == text.size() ? std::nullopt : fuzz::trace_of(text.substr(cut + 1));
  if ((!info && !trace) || !installed) return 0;
  const Policy policy = trace ? policy_from(*trace, "fuzz") : Policy{};
  ContainerOptions options;
  options.name = "fuzzed";
  const auto built = build_container_module(trace ? &policy : nullptr, info ? &*info : nullptr, installed->policy,
                                            installed->labels, options);
  if (!built || !bad_names(built->module).empty()) return 0;  // refused by name
  Diagnostics diagnostics;
  const auto again = read_cil(built->cil, "written.cil", diagnostics);
  fuzz::require(again.ok() && again->rules == built->module.rules);
  for (const std::string* words : {&built->run_option, &built->kubernetes, &built->selinux_profile})
    for (const char c : *words) fuzz::require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  return 0;
}
