#include "audit/event_json.h"

#include <algorithm>
#include <ctime>

#include "audit/fields.h"
#include "base/bytes.h"
#include "base/text.h"
#include "facts/json_codec.h"
#include "facts/trace_io.h"

namespace cordon::audit {
namespace {

using std::string_view;

void append_value(std::string& out, string_view bytes) {
  if (is_utf8(bytes))
    append_json_string(out, bytes);
  else
    out += "{\"hex\":\"" + to_hex(bytes) + "\"}";
}

void append_member(std::string& out, string_view name, string_view value) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
  append_value(out, value);
}

/// RFC 3339 in UTC, with milliseconds.
std::string utc(std::int64_t time_ms) {
  const std::time_t seconds = time_ms / 1000;
  std::tm when{};
  gmtime_r(&seconds, &when);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &when);
  const std::string millis = std::to_string(1000 + time_ms % 1000).substr(1);
  return std::string(text, size) + "." + millis + "Z";
}

/// EXECVE's arguments are encoded; SYSCALL's a0…a3 are numbers.
std::string field_value(const Record& record, const Field& field) {
  const bool argument = record.type == kExecve && field.key.size() > 1 && field.key[0] == 'a' && field.key != "argc";
  if (!argument || field.quote != Quote::kBare) return decode(field, record.dialect);
  Field named = field;
  named.key = "cmd";
  return decode(named, record.dialect);
}

/// Where a name comes twice the first counts; msg='…' is taken apart too.
void append_fields(std::string& out, const Record& record) {
  std::vector<string_view> seen;
  const auto walk = [&](string_view text) {
    FieldWalker walker(text, record.dialect);
    for (Field field; walker.next(field);) {
      if (field.key == "msg" && field.quote == Quote::kSingle) continue;
      if (seen.size() < 512 && std::find(seen.begin(), seen.end(), field.key) != seen.end()) continue;
      seen.push_back(field.key);
      append_member(out, printable(field.key), field_value(record, field));  // a hostile key may hold any bytes
    }
  };
  const string_view inner = inner_message(record.body);
  walk(record.body);
  if (inner.data() != record.body.data()) walk(inner);
}

void append_record(std::string& out, const Record& record, const SourceName& source_name) {
  out += "{\"type\":";
  append_json_string(out, record_type_name(record.type));
  out += ",\"number\":" + std::to_string(record.type);
  append_member(out, "source", source_name(record.source));
  if (record.place != nullptr)
    for (const auto& [name, value] : {std::pair<string_view, const std::string&>{"unit", record.place->unit},
                                      {"container", record.place->container},
                                      {"container_id", record.place->container_id}})
      if (!value.empty()) append_member(out, name, value);
  out += ",\"line\":" + std::to_string(record.line) + ",\"fields\":{";
  append_fields(out, record);
  out += "}}";
}

void append_fact(std::string& out, const Fact& fact, const Denial& denial) {
  out += "{\"id\":";
  append_json_string(out, fact_id(fact));
  const std::string canonical = canonical_json(fact);
  out += ',' + canonical.substr(1, canonical.size() - 2);
  const std::pair<string_view, const std::string*> details[] = {{"apparmor_operation", &denial.details.operation},
                                                                {"info", &denial.details.info},
                                                                {"source_raw", &denial.details.source_raw},
                                                                {"target_raw", &denial.details.target_raw}};
  for (const auto& [name, value] : details)
    if (!value->empty()) append_member(out, name, *value);
  out += '}';
}

void append_decisions(std::string& out, const Event& event, const SourceName& source_name) {
  out += ",\"facts\":[";
  std::string problems;
  for (const Denial& denial : decode_decisions(event, source_name)) {
    for (const Fact& fact : denial.facts) {
      if (out.back() != '[') out += ',';
      append_fact(out, fact, denial);
    }
    if (denial.problem.empty()) continue;
    problems += problems.empty() ? "" : ",";
    append_value(problems, denial.problem);
  }
  out += ']';
  if (!problems.empty()) out += ",\"problems\":[" + problems + ']';
}

}  // namespace

std::string event_line(const Event& event, const SourceName& source_name) {
  std::string out = "{\"version\":" + std::to_string(kEventSchemaVersion);
  append_member(out, "event", event.serial == 0 ? std::string() : event_id(event));
  if (!event.node.empty()) append_member(out, "node", event.node);
  if (event.time_ms != 0) {
    append_member(out, "time", utc(event.time_ms));
    out += ",\"time_ms\":" + std::to_string(event.time_ms);
  }
  out += ",\"serial\":" + std::to_string(event.serial) + ",\"records\":[";
  for (const Record* record : event.records) {
    if (out.back() != '[') out += ',';
    append_record(out, *record, source_name);
  }
  out += ']';
  append_decisions(out, event, source_name);
  return out + "}\n";
}

}  // namespace cordon::audit
