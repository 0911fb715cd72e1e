// rooms: seccomp policy facts
// A plan made of any facts in every file format; what we can read is read back.
#include "seccomp/data.h"
#include "seccomp/formats.h"
#include "seccomp/read.h"
#include "support.h"
#include "traces.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::seccomp;
  const auto trace = fuzz::trace_of(fuzz::text_of(data, size));
  if (!trace) return 0;
  static const auto kData = load_data("");
  fuzz::require(kData.ok());
  PlanOptions options;
  options.arguments = size % 2 == 0 ? ArgumentLevel::kSafe : ArgumentLevel::kTight;
  options.packs = {"kernel", "try"};
  Diagnostics diagnostics;
  Planned planned = plan_of(policy_from(*trace, std::string(fuzz::text_of(data, std::min<std::size_t>(size, 40)))),
                            options, **kData, diagnostics);
  constexpr std::size_t kCheap = 24;  // libseccomp's compiler takes minutes for many overlapping conditions
  for (const Format& format : formats()) {
    if (format.name == "bpf" && planned.plan.filtered_count() > kCheap) continue;
    const auto rendered = format.render(planned.plan, **kData);
    if (rendered && (format.suffix.ends_with(".json") || format.suffix.ends_with(".yaml")))
      fuzz::require(read_profile(rendered->bytes, "rendered", diagnostics).ok());
  }
  return 0;
}
