// rooms: report
// A gate's TOML or JSON is read or refused; no allowance lacks a reason, and no path leaves the table empty.
#include "report/gate.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon::report;
  const auto config = read_gate(std::string(fuzz::text_of(data, size)), "/somewhere/cordon.toml");
  if (!config) return 0;
  for (const GateAllowance& allowance : config->allowances)
    fuzz::require(!allowance.reason.empty() && !allowance.guard.empty());
  const GateResult result = run_gate(*config, {}, {});
  (void)gate_text(result);
  (void)gate_markdown(result);
  (void)gate_sarif(result);
  return 0;
}
