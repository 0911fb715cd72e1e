#include "audit/apparmor_record.h"

#include <array>

#include "base/bytes.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

using std::string_view;

struct EventRow {
  AppArmorEvent event;
  string_view word;  ///< apparmor="…"
  RecordType type;   ///< the record type that stood for it before type 1400
  string_view name;
};
/// Sources: kernel security/apparmor/audit.c (audit_mode words), linux/audit.h 1501-1507, libapparmor aalogparse.h.
constexpr std::array kEvents =
    std::to_array<EventRow>({{AppArmorEvent::kAudit, "AUDIT", kApparmorAudit, "AA_RECORD_AUDIT"},
                             {AppArmorEvent::kAllowed, "ALLOWED", kApparmorAllowed, "AA_RECORD_ALLOWED"},
                             {AppArmorEvent::kDenied, "DENIED", kApparmorDenied, "AA_RECORD_DENIED"},
                             {AppArmorEvent::kHint, "HINT", kApparmorHint, "AA_RECORD_HINT"},
                             {AppArmorEvent::kStatus, "STATUS", kApparmorStatus, "AA_RECORD_STATUS"},
                             {AppArmorEvent::kError, "ERROR", kApparmorError, "AA_RECORD_ERROR"},
                             {AppArmorEvent::kKilled, "KILLED", kApparmorKill, "AA_RECORD_KILL"}});

AppArmorEvent event_of(string_view word, RecordType type) {
  for (const EventRow& row : kEvents)
    if (word.empty() ? row.type == type : row.word == word) return row.event;
  return AppArmorEvent::kInvalid;
}

struct Protocol {
  string_view number, name;
};
/// IANA protocol numbers, as /etc/protocols names them.
constexpr std::array kProtocols = std::to_array<Protocol>(
    {{"0", "ip"},         {"1", "icmp"},         {"2", "igmp"},        {"4", "ipencap"},    {"6", "tcp"},
     {"8", "egp"},        {"12", "pup"},         {"17", "udp"},        {"22", "xns-idp"},   {"29", "iso-tp4"},
     {"33", "dccp"},      {"41", "ipv6"},        {"43", "ipv6-route"}, {"44", "ipv6-frag"}, {"46", "rsvp"},
     {"47", "gre"},       {"50", "esp"},         {"51", "ah"},         {"58", "ipv6-icmp"}, {"59", "ipv6-nonxt"},
     {"60", "ipv6-opts"}, {"89", "ospf"},        {"92", "mtp"},        {"94", "ipip"},      {"98", "encap"},
     {"103", "pim"},      {"108", "ipcomp"},     {"112", "vrrp"},      {"132", "sctp"},     {"135", "mobility-header"},
     {"136", "udplite"},  {"137", "mpls-in-ip"}, {"255", "raw"}});

/// Kernels before 4.13 wrote freed memory as a ptrace record's target= (Launchpad 1689667).
bool is_garbage(const AppArmorRecord& record) {
  return record.get("operation") == "ptrace" && !is_utf8(record.get("target"));
}

}  // namespace

string_view name_of(AppArmorEvent event) {
  for (const EventRow& row : kEvents)
    if (row.event == event) return row.name;
  return "AA_RECORD_INVALID";
}

const std::string& AppArmorRecord::get(string_view key) const {
  static const std::string kNone;
  const auto found = fields.find(key);
  return found == fields.end() ? kNone : found->second;
}

const std::string& AppArmorRecord::first_of(std::initializer_list<string_view> keys) const {
  for (const string_view key : keys)
    if (has(key)) return get(key);
  return get({});
}

AppArmorRecord parse_apparmor(const DecisionRecord& from) {
  AppArmorRecord record;
  if (!starts_with_field(from.text)) {
    record.old_form = from.text;
    return record;
  }
  FieldWalker walker(from.text, from.record.dialect);
  for (Field field; walker.next(field);)
    record.fields.try_emplace(std::string(field.key), decode(field, from.record.dialect));
  RecordType type = from.record.type;
  if (const auto inner = parse_number<RecordType>(record.get("type"))) type = *inner;
  record.event = event_of(record.get("apparmor"), type);
  if (is_garbage(record)) {
    record.fields.erase("target");
    record.event = AppArmorEvent::kInvalid;
  }
  return record;
}

std::string protocol_name(string_view number) {
  for (const Protocol& row : kProtocols)
    if (row.number == number) return std::string(row.name);
  return std::string(number);
}

}  // namespace cordon::audit
