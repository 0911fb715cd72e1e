#pragma once

#include <functional>
#include <string>

#include "audit/denial.h"
#include "audit/event.h"

namespace cordon::audit {

inline constexpr int kEventSchemaVersion = 1;  ///< schemas/audit-event.schema.json

using SourceName = std::function<const std::string&(std::uint32_t)>;

/// One event as a JSON object in one line, '\n' included: its id, its records with every field decoded, and the facts
/// that its decisions are. Bytes that are not UTF-8 are {"hex": "…"}.
std::string event_line(const Event& event, const SourceName& source_name);

enum class AppArmorForm : std::uint8_t { kJson, kText };

/// AppArmor's records as libapparmor's parser names their fields ("denied_mask", "network_family", …): one JSON object
/// a record, or one "denied mask: r" line a field and a blank line; nothing for other records.
std::string apparmor_lines(const Event& event, AppArmorForm form);

}  // namespace cordon::audit
