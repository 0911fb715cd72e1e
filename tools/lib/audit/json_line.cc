#include "audit/json_line.h"

#include <simdjson.h>

#include <array>

#include "audit/fields.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// Where log shippers put the original line. Sources: systemd.journal-fields(7), Docker json-file driver, ECS
/// event.original, Fluent Bit/Vector "message", Google Cloud textPayload, Splunk _raw.
constexpr std::array kUsualFields = std::to_array<std::string_view>(
    {"MESSAGE", "message", "log", "event.original", "textPayload", "_raw", "msg", "line", "data"});

constexpr std::size_t kMaxDepth = 16;

/// A string, or journald's array of byte values for text that is not UTF-8.
std::optional<std::string> text_of(element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  simdjson::dom::array bytes;
  if (value.get(bytes) != simdjson::SUCCESS) return std::nullopt;
  std::string out;
  for (const element item : bytes) {
    std::uint64_t byte = 0;
    if (item.get(byte) != simdjson::SUCCESS || byte > 255) return std::nullopt;
    out += static_cast<char>(byte);
  }
  return out;
}

std::optional<std::string> field_text(object root, std::string_view path) {
  element value;
  if (root[path].get(value) == simdjson::SUCCESS) return text_of(value);
  object at = root;
  std::size_t depth = 0;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos && depth < kMaxDepth;
       dot = path.find('.'), ++depth) {
    if (at[path.substr(0, dot)].get(at) != simdjson::SUCCESS) return std::nullopt;
    path.remove_prefix(dot + 1);
  }
  return depth > 0 && at[path].get(value) == simdjson::SUCCESS ? text_of(value) : std::nullopt;
}

}  // namespace

struct JsonLineReader::State {
  std::string field;
  simdjson::dom::parser parser;

  std::optional<std::string> message(object root) const {
    if (!field.empty()) return field_text(root, field);
    for (const auto name : kUsualFields)
      if (auto text = field_text(root, name)) return text;
    return std::nullopt;
  }
};

JsonLineReader::JsonLineReader(std::string field) : state_(std::make_unique<State>()) {
  state_->field = std::move(field);
}
JsonLineReader::~JsonLineReader() = default;

ParsedLine JsonLineReader::parse(std::string_view line, Block& block, Record& record) {
  object root;
  if (state_->parser.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS)
    return {LineKind::kMalformed, "the JSON object cannot be read"};
  auto message = state_->message(root);
  if (!message) return {};
  JournalEntry entry;
  for (const auto& [name, value] : root)
    if (const auto member = journal_member(name)) entry.*member = text_of(value).value_or(std::string());
  entry.message = *std::move(message);
  return parse_journal_entry(std::move(entry), block, record);
}

JournalMember journal_member(std::string_view name) {
  struct Row {
    std::string_view name;
    JournalMember member;
  };
  // systemd.journal-fields(7); the container's: docs.docker.com/engine/logging/drivers/journald, conmon's ctr_logging.c
  static constexpr Row kRows[] = {{"MESSAGE", &JournalEntry::message},
                                  {"_AUDIT_TYPE", &JournalEntry::audit_type},
                                  {"_AUDIT_ID", &JournalEntry::audit_id},
                                  {"_HOSTNAME", &JournalEntry::host},
                                  {"_SOURCE_REALTIME_TIMESTAMP", &JournalEntry::source_time_us},
                                  {"__REALTIME_TIMESTAMP", &JournalEntry::receive_time_us},
                                  {"_TRANSPORT", &JournalEntry::transport},
                                  {"_PID", &JournalEntry::pid},
                                  {"_SYSTEMD_UNIT", &JournalEntry::unit},
                                  {"_SYSTEMD_USER_UNIT", &JournalEntry::user_unit},
                                  {"OBJECT_SYSTEMD_UNIT", &JournalEntry::object_unit},
                                  {"OBJECT_SYSTEMD_USER_UNIT", &JournalEntry::object_user_unit},
                                  {"CONTAINER_NAME", &JournalEntry::container_name},
                                  {"CONTAINER_ID", &JournalEntry::container_id}};
  static constexpr auto kLengths = [] {  // most fields are none of these: told by a bit
    std::uint64_t bits = 0;
    for (const auto& row : kRows) bits |= std::uint64_t{1} << row.name.size();
    return bits;
  }();
  if (name.size() >= 64 || (kLengths >> name.size() & 1) == 0) return nullptr;
  for (const auto& row : kRows)
    if (row.name == name) return row.member;
  return nullptr;
}

namespace {

/// The unit of an entry that came by syslog, standard output or the journal's own socket is the sender's: of auditd,
/// where that passes records on. It is the subject's only if the sender is.
bool sender_is_subject(const JournalEntry& entry, const Record& record) {
  const bool sent = entry.transport == "syslog" || entry.transport == "stdout" || entry.transport == "journal";
  return !sent || (!entry.pid.empty() && decoded_field(record.body, "pid", record.dialect) == entry.pid);
}

/// What the entry says of where its subject ran. A message's container is the one that it was written in.
const Place* place_of(JournalEntry& entry, const Record& record, Block& block) {
  Place place;
  place.container = std::move(entry.container_name);
  place.container_id = std::move(entry.container_id);
  place.unit = std::move(entry.object_user_unit.empty() ? entry.object_unit : entry.object_user_unit);
  if (place.unit.empty() && sender_is_subject(entry, record))
    place.unit = std::move(entry.user_unit.empty() ? entry.unit : entry.user_unit);
  if (place.name().empty()) return nullptr;
  block.places.push_back(std::move(place));
  return &block.places.back();
}

/// The audit transport's message starts with the type's name: "AVC avc:  denied …".
ParsedLine audit_transport(std::string_view message, const JournalEntry& entry, Record& record) {
  record.type = record_type_from_name(entry.audit_type);
  if (record.type == 0) return {LineKind::kMalformed, "_AUDIT_TYPE is not a record type"};
  const std::string_view first = message.substr(0, message.find(' '));
  if (record_type_from_name(first) == record.type) message.remove_prefix(std::min(message.size(), first.size() + 1));
  record.body = message;
  record.serial = parse_number<std::uint64_t>(entry.audit_id).value_or(0);
  return {LineKind::kRecord, {}};
}

}  // namespace

ParsedLine parse_journal_entry(JournalEntry&& entry, Block& block, Record& record) {
  block.side.push_back(std::move(entry.message));
  const std::string_view message = block.side.back();
  const ParsedLine parsed =
      entry.audit_type.empty() ? parse_line(message, record) : audit_transport(message, entry, record);
  if (parsed.kind != LineKind::kRecord) {
    block.side.pop_back();
    return parsed;
  }
  if (record.node.empty() && !entry.host.empty()) {
    block.side.push_back(std::move(entry.host));
    record.node = block.side.back();
  }
  record.place = place_of(entry, record, block);
  const std::string& stamp = entry.source_time_us.empty() ? entry.receive_time_us : entry.source_time_us;
  if (record.time_ms == 0) record.time_ms = parse_number<std::int64_t>(stamp).value_or(0) / 1000;
  return parsed;
}

}  // namespace cordon::audit
