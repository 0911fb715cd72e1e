#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "audit/apparmor_record.h"
#include "audit/event_json.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

using std::string_view;

struct LabelRow {
  string_view label;
  std::array<string_view, 4> keys;  ///< the record's; the first that is present counts
};
/// What libapparmor's grammar (aalogparse) puts where; keys of old records beside those of new ones.
constexpr std::array kLabels = std::to_array<LabelRow>({{"operation", {"operation"}},
                                                        {"mask", {"requested_mask", "requested"}},
                                                        {"denied_mask", {"denied_mask", "denied", "mask"}},
                                                        {"fsuid", {"fsuid"}},
                                                        {"ouid", {"ouid"}},
                                                        {"profile", {"profile", "label"}},
                                                        {"peer_profile", {"peer_profile", "peer_label", "tcontext"}},
                                                        {"peer", {"peer"}},
                                                        {"name", {"name", "capname"}},
                                                        {"command", {"comm", "exe"}},
                                                        {"name2", {"target", "name2"}},
                                                        {"namespace", {"namespace"}},
                                                        {"attribute", {"attribute"}},
                                                        {"task", {"task"}},
                                                        {"parent", {"parent"}},
                                                        {"token", {"magic_token", "token"}},
                                                        {"info", {"info"}},
                                                        {"peer_info", {"peer_info"}},
                                                        {"pid", {"pid"}},
                                                        {"peer_pid", {"peer_pid"}},
                                                        {"active_hat", {"active_hat"}},
                                                        {"network_family", {"family"}},
                                                        {"socket_type", {"sock_type"}},
                                                        {"local_addr", {"laddr", "saddr"}},
                                                        {"foreign_addr", {"faddr", "daddr"}},
                                                        {"local_port", {"lport", "src"}},
                                                        {"foreign_port", {"fport", "dest"}},
                                                        {"net_addr", {"addr"}},
                                                        {"peer_addr", {"peer_addr"}},
                                                        {"dbus_bus", {"bus"}},
                                                        {"dbus_path", {"path"}},
                                                        {"dbus_interface", {"interface"}},
                                                        {"dbus_member", {"member", "method"}},
                                                        {"signal", {"signal"}},
                                                        {"fs_type", {"fstype"}},
                                                        {"flags", {"flags"}},
                                                        {"src_name", {"srcname"}},
                                                        {"execpath", {"execpath"}},
                                                        {"class", {"class"}}});

using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// Labels whose values are numbers; libapparmor gives them without leading zeros.
constexpr std::array kNumbers = std::to_array<string_view>(
    {"fsuid", "ouid", "task", "parent", "token", "pid", "peer_pid", "local_port", "foreign_port", "errorcode"});

std::string label_value(string_view label, const std::string& value) {
  const bool number = std::find(kNumbers.begin(), kNumbers.end(), label) != kNumbers.end();
  const std::size_t digit = value.find_first_not_of('0');
  return number && digit != std::string::npos && digit > 0 ? value.substr(digit) : value;
}

/// "tcp"; "unknown(768)" for a number that no protocol has.
std::string protocol_label(const std::string& value) {
  const std::string name = protocol_name(value);
  return parse_number<std::uint32_t>(name) ? "unknown(" + label_value("pid", name) + ")" : name;
}

void append_labels(Labels& out, const AppArmorRecord& record) {
  for (const LabelRow& row : kLabels)
    for (const string_view key : row.keys) {
      const bool unset = row.label == "net_addr" && record.get(key).empty();  // USER_AVC writes addr=?
      if (!key.empty() && !unset && record.has(key) && record.get(key) != "none") {
        out.emplace_back(row.label, label_value(row.label, record.get(key)));
        break;
      }
    }
  if (record.has("protocol")) out.emplace_back("protocol", protocol_label(record.get("protocol")));
  string_view error = record.get("error");
  if (!error.empty() && error.front() == '-') error.remove_prefix(1);
  if (!error.empty()) out.emplace_back("errorcode", error);
}

/// "AppArmor Filesystem Enabled": about the kernel's module, not about a profile or a program.
bool is_module_message(const AppArmorRecord& record) {
  return record.event == AppArmorEvent::kStatus && !record.has("operation") && !record.has("profile") &&
         !record.has("name");
}

std::string stamp(const Event& event) {
  const std::string id = event_id(event);
  return event.node.empty() ? id : id.substr(event.node.size() + 1);
}

Labels labels_of(const Event& event, const Record& raw, const AppArmorRecord& record) {
  Labels out = {{"event_type", std::string(name_of(record.event))}};
  if (event.serial != 0) {
    out.emplace_back("audit_id", stamp(event));
    out.emplace_back("epoch", std::to_string(event.time_ms / 1000));
    out.emplace_back("audit_subid", std::to_string(event.serial));
  }
  if (!record.old_form.empty()) {
    if (!raw.numbered) out.emplace_back("operation", record_type_name(raw.type));
    out.emplace_back("info", record.old_form);
  }
  append_labels(out, record);
  return out;
}

std::string as_json(const Labels& labels) {
  std::string out = "{";
  for (const auto& [label, value] : labels) {
    if (out.back() != '{') out += ',';
    append_json_string(out, label);
    out += ':';
    if (is_utf8(value))
      append_json_string(out, value);
    else
      out += "{\"hex\":\"" + to_hex(value) + "\"}";
  }
  return out + "}\n";
}

/// "denied mask: r"; control bytes escaped, so that no value can begin another line.
std::string as_text(const Labels& labels) {
  std::string out;
  for (const auto& [label, value] : labels) {
    std::string words(label);
    std::replace(words.begin(), words.end(), '_', ' ');
    out += words + ": " + printable(value) + '\n';
  }
  return out + '\n';
}

}  // namespace

std::string apparmor_lines(const Event& event, AppArmorForm form) {
  std::string out;
  for (const Record* raw : event.records) {
    const string_view text = raw->type == kUserAvc ? inner_message(raw->body) : raw->body;
    const DecisionRecord from{event, *raw, text};
    if (decision_kind(*raw, text) != DecisionKind::kProfile) continue;
    const AppArmorRecord record = parse_apparmor(from);
    if (is_module_message(record)) continue;
    const Labels labels = labels_of(event, *raw, record);
    out += form == AppArmorForm::kJson ? as_json(labels) : as_text(labels);
  }
  return out;
}

}  // namespace cordon::audit
