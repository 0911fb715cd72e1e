#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cordon::triage {

struct Finding;

/// One accepted finding. `rule` narrows it to a rule's id; `id` "*" with a rule accepts all of that rule's findings.
struct Acceptance {
  std::string id, rule, reason;
  std::string expires;          ///< "2027-01-31": the last day on which it holds; empty: no end
  std::int64_t expires_ms = 0;  ///< the first moment after it, UTC; 0: no end
};

/// schemas/triage-baseline.schema.json: {"format":"cordon-baseline","version":1,"accepted":[{id, reason, expires?}]}
struct Baseline {
  std::vector<Acceptance> accepted;
  /// Marks the finding as accepted, or notes that its acceptance has ended. True if it is accepted.
  bool judge(Finding& finding, std::int64_t now_ms) const;
};

/// An entry without a reason is an error: nobody could tell later why it was accepted.
Result<Baseline> read_baseline(const std::string& text, const std::string& where);

/// A baseline that accepts all of `findings` with one reason: what --write-baseline writes.
std::string write_baseline(const std::vector<Finding>& findings, const std::string& reason, const std::string& expires);

/// "2027-01-31" or "2027-01-31T12:00:00[Z]" (UTC), "@SECONDS", or "3h", "2d", "now" before now_ms; nothing else.
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms);

/// "2027-01-31T12:00:00.123Z"; "" for 0.
std::string time_text(std::int64_t ms);

}  // namespace cordon::triage
