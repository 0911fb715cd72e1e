#include <algorithm>

#include "audit/decode.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

std::string event_value(const DecisionRecord& from, RecordType type, std::string_view key) {
  const Record* record = from.event.find(type);
  return record ? decoded_field(record->body, key, record->dialect) : std::string();
}

/// A relative name is relative to the CWD record's directory.
std::string absolute(const DecisionRecord& from, std::string name) {
  if (name.empty() || name.front() == '/') return name;
  const std::string cwd = event_value(from, kCwd, "cwd");
  if (cwd.empty()) return name;
  return cwd + (cwd.back() == '/' ? "" : "/") + name;
}

/// The PATH record that describes the inode that the AVC names.
std::string path_of_inode(const DecisionRecord& from, std::string_view inode) {
  if (inode.empty()) return {};
  for (const Record* record : from.event.records) {
    if (record->type != kPath) continue;
    const auto found = find_field(record->body, "inode", record->dialect);
    if (found && found->raw == inode) return absolute(from, decoded_field(record->body, "name", record->dialect));
  }
  return {};
}

}  // namespace

std::string subject_exe(const DecisionRecord& from) {
  if (from.record.type == kUserAvc) return {};  // its exe= is the object manager's (dbus-daemon, systemd)
  std::string exe = value_of(from, "exe");
  return exe.empty() ? event_value(from, kSyscall, "exe") : exe;
}

std::string subject_comm(const DecisionRecord& from) {
  std::string comm = value_of(from, "comm");
  return comm.empty() && from.record.type != kUserAvc ? event_value(from, kSyscall, "comm") : comm;
}

std::pair<std::int32_t, std::string> subject_syscall(const DecisionRecord& from) {
  if (from.record.type == kUserAvc) return {-1, {}};
  const auto number = parse_number<std::int32_t>(event_value(from, kSyscall, "syscall"));
  if (!number) return {-1, {}};
  return {*number, event_value(from, kSyscall, "arch")};
}

/// What a D-Bus record is about: "org.freedesktop.login1.Manager.Inhibit".
std::string bus_member(const DecisionRecord& from) {
  const std::string interface = value_of(from, "interface"), member = value_of(from, "member");
  return interface.empty() || member.empty() ? interface + member : interface + "." + member;
}

std::string object_path(const DecisionRecord& from) {
  if (from.record.type == kUserAvc)
    if (std::string member = bus_member(from); !member.empty()) return member;
  if (std::string path = value_of(from, "path"); !path.empty()) return path;
  if (std::string path = event_value(from, kAvcPath, "path"); !path.empty()) return path;
  const auto inode = find_field(from.text, "ino", from.record.dialect);
  if (inode)
    if (std::string path = path_of_inode(from, inode->raw); !path.empty()) return path;
  return value_of(from, "name");
}

Evidence evidence_of(const DecisionRecord& from) {
  Evidence evidence;
  evidence.comm = subject_comm(from);
  evidence.exe = subject_exe(from);
  evidence.path = object_path(from);
  if (from.event.serial != 0) evidence.event = event_id(from.event);
  evidence.line = from.record.line;
  evidence.pid = parse_number<std::int64_t>(value_of(from, "pid")).value_or(0);
  return evidence;
}

DecisionKind decision_kind(const Record& record, std::string_view text) {
  if (record.type == kSeccomp) return DecisionKind::kFilter;
  if (record.type == kSelinuxErr) return DecisionKind::kSelinuxError;
  if (record.type >= kApparmorFirst && record.type <= kApparmorLast) return DecisionKind::kProfile;
  if (record.type != kAvc && record.type != kUserAvc) return DecisionKind::kNone;
  const std::string_view head = text.substr(0, 256);
  return head.find("apparmor=") != std::string_view::npos ? DecisionKind::kProfile : DecisionKind::kVector;
}

}  // namespace cordon::audit
