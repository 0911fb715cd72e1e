#include "selinux/tables.h"

#include <nlohmann/json.hpp>

#include "selinux/tables_text.h"

// The documents are part of the program: a test reads them all, so that a slip in one shows when it is made.
namespace cordon::selinux {
namespace {

using Json = nlohmann::json;

Strings strings(const Json& row, const char* key) { return row.value(key, Strings{}); }
std::string text(const Json& row, const char* key) { return row.value(key, std::string()); }

FileRow file_row(const Json& row) {
  return {text(row, "class"), strings(row, "object"), strings(row, "directory"), strings(row, "inherited"),
          strings(row, "parent")};
}

void add_syscalls(const Json& row, std::multimap<std::string, SyscallRow>& out) {
  SyscallRow made{text(row, "class"), strings(row, "perms"), row.value("target", std::string("self")), {}, 0};
  if (row.contains("arg")) {
    made.arg = row.at("arg").get<std::uint32_t>();
    made.value = row.at("value").get<std::uint64_t>();
  }
  for (const std::string& name : strings(row, "names")) out.emplace(name, made);
}

IpcRow ipc_row(const Json& row) {
  IpcRow out{text(row, "class"), {}};
  for (const char* word : {"create", "read", "write", "other"}) out.perms[word] = strings(row, word);
  return out;
}

NetlinkRow netlink_row(const Json& row) {
  NetlinkRow out{text(row, "class"), text(row, "perm"), {}};
  for (const std::uint16_t type : row.at("types").get<std::vector<std::uint16_t>>()) out.types.emplace_back(type, type);
  const auto ranges = row.value("ranges", std::vector<std::pair<std::uint16_t, std::uint16_t>>());
  out.types.insert(out.types.end(), ranges.begin(), ranges.end());
  return out;
}

AccessTables read_accesses() {
  const Json json = Json::parse(k_accesses_json);
  AccessTables out;
  for (const Json& row : json.at("files")) out.files[text(row, "perm")] = file_row(row);
  out.kinds = json.at("kinds").get<std::map<std::string, std::string>>();
  for (const Json& row : json.at("sockets"))
    out.sockets.push_back(
        {text(row, "family"), text(row, "type"), text(row, "protocol"), text(row, "class"), strings(row, "send")});
  out.socket_acts = json.at("socket_acts").get<std::map<std::string, Strings>>();
  for (const Json& row : json.at("syscalls")) add_syscalls(row, out.syscalls);
  for (const Json& row : json.at("ipc")) out.ipc[text(row, "kind")] = ipc_row(row);
  for (const Json& row : json.at("ioctls"))
    out.ioctls.push_back({row.at("commands").get<std::vector<std::uint32_t>>(), strings(row, "perms")});
  for (const Json& row : json.at("netlink")) out.netlink.push_back(netlink_row(row));
  for (const Json& row : json.at("executables")) out.executables[text(row, "kind")] = strings(row, "perms");
  out.signals = json.at("signals").get<std::map<std::string, std::string>>();
  return out;
}

Place place_row(const Json& row) {
  return {
      text(row, "role"),       strings(row, "prefixes"),   text(row, "suffix"),           strings(row, "attributes"),
      strings(row, "generic"), strings(row, "unlabelled"), row.at("written").get<bool>(), text(row, "reason")};
}

PlaceTables read_places() {
  const Json json = Json::parse(k_places_json);
  PlaceTables out;
  out.file_attributes = strings(json, "file_attributes");
  for (const Json& row : json.at("places")) out.places.push_back(place_row(row));
  out.manage = json.at("manage").get<std::map<std::string, Strings>>();
  for (const Json& row : json.at("filesystems")) out.filesystems.push_back({text(row, "prefix"), text(row, "fstype")});
  out.terminal_prefix = text(json.at("terminals"), "prefix");
  out.terminal_types = strings(json.at("terminals"), "types");
  out.generic_ports = strings(json.at("ports"), "generic");
  out.port_attributes = strings(json.at("ports"), "attributes");
  out.port_suffix = text(json.at("ports"), "suffix");
  out.interpreter_types = strings(json.at("interpreters"), "types");
  out.interpreter_names = strings(json.at("interpreters"), "names");
  out.interpreter_reason = text(json.at("interpreters"), "reason");
  return out;
}

std::vector<GrantRow> grant_rows(const Json& rows) {
  std::vector<GrantRow> out;
  for (const Json& row : rows)
    out.push_back({strings(row, "types"), text(row, "class"), strings(row, "perms"), text(row, "reason")});
  return out;
}

BaselineTables read_baseline() {
  const Json json = Json::parse(k_baseline_json);
  BaselineTables out;
  out.domain_attributes = strings(json, "domain_attributes");
  out.exec_attributes = strings(json, "exec_attributes");
  for (const Json& row : json.at("callers"))
    out.callers.push_back({text(row, "domain"), text(row, "role"), text(row, "when") == "auto", text(row, "reason")});
  out.from_caller = grant_rows(json.at("from_caller"));
  out.to_domain = grant_rows(json.at("to_domain"));
  out.quiet = grant_rows(json.at("quiet"));
  out.libselinux = grant_rows(json.at("libselinux"));
  out.with_create = grant_rows(json.at("with_create"));
  out.streams = grant_rows(json.at("streams"));
  out.self = grant_rows(json.at("self"));
  out.with_open = strings(json.at("getattr_with_open"), "perms");
  out.with_open_ioctls = json.at("getattr_with_open").at("ioctls").get<std::vector<std::uint16_t>>();
  out.with_open_reason = text(json.at("getattr_with_open"), "reason");
  return out;
}

std::vector<GuardRow> read_guards() {
  const Json json = Json::parse(k_guards_json);
  std::vector<GuardRow> out;
  for (const Json& row : json.at("guards"))
    out.push_back({text(row, "id"), strings(row, "types"), strings(row, "type_suffixes"), strings(row, "classes"),
                   strings(row, "perms"), text(row, "why"), text(row, "instead")});
  return out;
}

BottlerocketTables read_bottlerocket() {
  const Json json = Json::parse(k_bottlerocket_json);
  BottlerocketTables out;
  for (const Json& row : json.at("types")) out.types.emplace_back(text(row, "type"), text(row, "reason"));
  for (const Json& row : json.at("places"))
    out.places.push_back({strings(row, "prefixes"), text(row, "label"), strings(row, "writers"), text(row, "reason")});
  return out;
}

}  // namespace

const BottlerocketTables& bottlerocket_tables() {
  static const BottlerocketTables tables = read_bottlerocket();
  return tables;
}

const AccessTables& access_tables() {
  static const AccessTables tables = read_accesses();
  return tables;
}

const PlaceTables& place_tables() {
  static const PlaceTables tables = read_places();
  return tables;
}

const BaselineTables& baseline_tables() {
  static const BaselineTables tables = read_baseline();
  return tables;
}

const std::vector<GuardRow>& guard_rows() {
  static const std::vector<GuardRow> rows = read_guards();
  return rows;
}

const Place& place_of(const std::string& path) {
  const Place* best = &place_tables().places.back();
  std::size_t longest = 0;
  for (const Place& place : place_tables().places)
    for (const std::string& prefix : place.prefixes)
      if (prefix.size() > longest && path.starts_with(prefix) && path.size() > prefix.size() &&
          path[prefix.size()] == '/') {
        best = &place;
        longest = prefix.size();
      }
  return *best;
}

}  // namespace cordon::selinux
