#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cordon::report {

/// One kind of result: SARIF's reportingDescriptor.
struct SarifRule {
  std::string id, name, text, help;
};

/// One result. `level` is "error", "warning" or "note".
struct SarifResult {
  std::string rule, level, message;
  std::string file;         ///< path; empty: no location
  std::uint64_t line = 0;   ///< 1-based; 0: the whole file
  std::string fingerprint;  ///< stable over runs
  std::vector<std::pair<std::string, std::string>> properties;
};

/// A log with one run (SARIF 2.1.0, OASIS). Rules without a result are kept: they say what was looked for.
std::string sarif_log(std::string_view tool, std::string_view version, const std::vector<SarifRule>& rules,
                      const std::vector<SarifResult>& results);

}  // namespace cordon::report
