#include <array>
#include <cstring>

#include "audit/decode.h"
#include "audit/key_table.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

template <class Fields>
struct FieldRow {
  std::string_view name;
  Field Fields::*member;
};
constexpr auto kObject = std::to_array<FieldRow<ObjectFields>>({{"comm", &ObjectFields::comm},
                                                                {"exe", &ObjectFields::exe},
                                                                {"pid", &ObjectFields::pid},
                                                                {"path", &ObjectFields::path},
                                                                {"name", &ObjectFields::name},
                                                                {"ino", &ObjectFields::inode},
                                                                {"dev", &ObjectFields::dev},
                                                                {"interface", &ObjectFields::interface},
                                                                {"member", &ObjectFields::member},
                                                                {"container", &ObjectFields::container}});
constexpr auto kCall = std::to_array<FieldRow<CallFields>>({{"comm", &CallFields::comm},
                                                            {"exe", &CallFields::exe},
                                                            {"syscall", &CallFields::number},
                                                            {"arch", &CallFields::arch}});

constexpr auto kObjectNames = names_of(kObject);
constexpr auto kCallNames = names_of(kCall);

/// The first field of each name that is listed.
template <class Fields>
Fields fields_of(std::string_view text, Dialect dialect, const auto& rows, const auto& names) {
  Fields out;
  FieldWalker walker(text, dialect);
  for (Field field; walker.next(field);) {
    const std::size_t at = names.find(field.key);
    if (at < rows.size() && (out.*rows[at].member).key.empty()) out.*rows[at].member = field;
  }
  return out;
}

std::string event_value(const DecisionRecord& from, RecordType type, std::string_view key) {
  const Record* record = from.event.find(type);
  return record ? decoded_field(record->body, key, record->dialect) : std::string();
}

std::string decoded(const DecisionRecord& from, const Field& field) { return decode(field, from.record.dialect); }

/// The SYSCALL record's own dialect: one event may come from two logs.
std::string decoded_of_call(const DecisionRecord& from, Field CallFields::*member) {
  const Record* record = from.event.find(kSyscall);
  return record ? decode(from.call().*member, record->dialect) : std::string();
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

const ObjectFields& DecisionRecord::object() const {
  if (!object_) object_ = fields_of<ObjectFields>(text, record.dialect, kObject, kObjectNames);
  return *object_;
}

namespace {

/// A SYSCALL record as the kernel writes it: no value holds a blank, so that " comm=" stands there once, or without the
/// blank at the beginning.
std::string_view from_mark(std::string_view body, std::string_view mark) {
  if (body.starts_with(mark.substr(1))) return body;
  const void* hit = memmem(body.data(), body.size(), mark.data(), mark.size());
  body.remove_prefix(hit == nullptr ? body.size()
                                    : static_cast<std::size_t>(static_cast<const char*>(hit) - body.data()));
  return body;
}

/// The field that the walker comes to next, if it is the one; else it is looked for in the whole.
Field next_or_find(FieldWalker& walker, std::string_view body, std::string_view mark) {
  Field field;
  if (walker.next(field) && field.key == mark.substr(1, mark.size() - 2)) return field;
  FieldWalker other(from_mark(body, mark), Dialect::kRaw);
  return other.next(field) ? field : Field{};
}

/// The kernel begins with arch= and syscall=, and writes exe= after comm=: one search finds all four.
CallFields kernel_call(std::string_view body) {
  CallFields out;
  FieldWalker head(body, Dialect::kRaw);
  out.arch = next_or_find(head, body, " arch=");
  out.number = next_or_find(head, body, " syscall=");
  FieldWalker who(from_mark(body, " comm="), Dialect::kRaw);
  out.comm = next_or_find(who, body, " comm=");
  out.exe = next_or_find(who, body, " exe=");
  return out;
}

}  // namespace

const CallFields& DecisionRecord::call() const {
  if (call_) return *call_;
  const Record* syscall = event.find(kSyscall);
  if (syscall == nullptr || syscall->body.empty())
    call_.emplace();
  else if (syscall->dialect == Dialect::kInterpreted)
    call_ = fields_of<CallFields>(syscall->body, syscall->dialect, kCall, kCallNames);
  else
    call_ = kernel_call(syscall->body);
  return *call_;
}

std::string subject_exe(const DecisionRecord& from) {
  if (from.record.type == kUserAvc) return {};  // its exe= is the object manager's (dbus-daemon, systemd)
  std::string exe = decoded(from, from.object().exe);
  return exe.empty() ? decoded_of_call(from, &CallFields::exe) : exe;
}

std::string subject_comm(const DecisionRecord& from) {
  std::string comm = decoded(from, from.object().comm);
  return comm.empty() && from.record.type != kUserAvc ? decoded_of_call(from, &CallFields::comm) : comm;
}

std::pair<std::int32_t, std::string> subject_syscall(const DecisionRecord& from) {
  if (from.record.type == kUserAvc) return {-1, {}};
  const auto number = parse_number<std::int32_t>(from.call().number.raw);
  if (!number) return {-1, {}};
  return {*number, decoded_of_call(from, &CallFields::arch)};
}

/// What a D-Bus record is about: "org.freedesktop.login1.Manager.Inhibit".
std::string bus_member(const DecisionRecord& from) {
  const std::string interface = decoded(from, from.object().interface), member = decoded(from, from.object().member);
  return interface.empty() || member.empty() ? interface + member : interface + "." + member;
}

std::string object_path(const DecisionRecord& from) {
  if (from.record.type == kUserAvc)
    if (std::string member = bus_member(from); !member.empty()) return member;
  if (std::string path = decoded(from, from.object().path); !path.empty()) return path;
  if (std::string path = event_value(from, kAvcPath, "path"); !path.empty()) return path;
  if (std::string path = path_of_inode(from, from.object().inode.raw); !path.empty()) return path;
  return decoded(from, from.object().name);
}

Evidence evidence_of(const DecisionRecord& from) {
  Evidence evidence;
  evidence.comm = subject_comm(from);
  evidence.exe = subject_exe(from);
  evidence.path = object_path(from);
  if (from.event.serial != 0) evidence.event = event_id(from.event);
  evidence.line = from.record.line;
  evidence.pid = parse_number<std::int64_t>(decoded(from, from.object().pid)).value_or(0);
  return evidence;
}

bool starts_with_field(std::string_view text) {
  const std::size_t equals = text.find('=');
  return equals != std::string_view::npos && text.substr(0, equals).find(' ') == std::string_view::npos;
}

DecisionKind decision_kind(const Record& record, std::string_view text) {
  if (record.type == kSeccomp) return DecisionKind::kFilter;
  if (record.type == kSelinuxErr) return DecisionKind::kSelinuxError;
  if (record.type >= kApparmorFirst && record.type <= kApparmorLast) return DecisionKind::kProfile;
  if (record.type != kAvc && record.type != kUserAvc) return DecisionKind::kNone;
  // A name= may hold "apparmor=" too: how the text begins decides, where it begins as one of the two.
  if (text.starts_with("avc:")) return DecisionKind::kVector;
  const std::string_view head = text.substr(0, 256);
  return head.find("apparmor=") != std::string_view::npos ? DecisionKind::kProfile : DecisionKind::kVector;
}

}  // namespace cordon::audit
