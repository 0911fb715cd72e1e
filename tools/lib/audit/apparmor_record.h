#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "audit/decode.h"

namespace cordon::audit {

/// What kind of record AppArmor wrote. Names as libapparmor's aalogparse.h has them.
enum class AppArmorEvent : std::uint8_t { kInvalid, kError, kAudit, kAllowed, kDenied, kHint, kStatus, kKilled };
std::string_view name_of(AppArmorEvent event);  ///< "AA_RECORD_DENIED"

/// An AppArmor record taken apart: every field decoded; the first of a name counts.
struct AppArmorRecord {
  AppArmorEvent event = AppArmorEvent::kInvalid;
  std::map<std::string, std::string, std::less<>> fields;
  std::string old_form;  ///< the text of a record before 2007's key=value form ("REJECTING r access to …")

  const std::string& get(std::string_view key) const;
  bool has(std::string_view key) const { return fields.find(key) != fields.end(); }
  /// The first of these that is present.
  const std::string& first_of(std::initializer_list<std::string_view> keys) const;
};
AppArmorRecord parse_apparmor(const DecisionRecord& from);

/// IANA's names of the protocols that AppArmor logs by number: "6" → "tcp"; unknown numbers stay.
std::string protocol_name(std::string_view number);

}  // namespace cordon::audit
