#pragma once

#include <optional>
#include <string>

#include "audit/denial.h"
#include "audit/fields.h"

/// The room's own: one decoder a mechanism. Each gives nothing for a record that holds no decision (a notice, a
/// status).
namespace cordon::audit {

/// Who did it and on what, as a decision record says it: the first field of each name. Without a key: absent.
struct ObjectFields {
  Field comm, exe, pid, path, name, inode, dev, interface, member, container;
};

/// The same of the event's SYSCALL record.
struct CallFields {
  Field comm, exe, number, arch;
};

/// What all decoders look at. It must outlive nothing that it views.
class DecisionRecord {
 public:
  DecisionRecord(const Event& of, const Record& one, std::string_view words) : event(of), record(one), text(words) {}
  const Event& event;
  const Record& record;
  const std::string_view text;  ///< the body, or the inner message of a USER_AVC

  /// Found in one walk when first asked for: most records are counted and never asked.
  const ObjectFields& object() const;
  const CallFields& call() const;

 private:
  mutable std::optional<ObjectFields> object_;
  mutable std::optional<CallFields> call_;
};

/// Which decoder a record belongs to.
enum class DecisionKind : std::uint8_t { kNone, kVector, kSelinuxError, kProfile, kFilter };
DecisionKind decision_kind(const Record& record, std::string_view text);

/// Appends what tells one decision from another to `out`; two records with the same key become one Denial.
void append_avc_key(const DecisionRecord& from, Grain grain, std::string& out);
void append_plain_key(const DecisionRecord& from, Grain grain, std::string& out);

std::optional<Denial> decode_avc(const DecisionRecord& from);
std::optional<Denial> decode_selinux_error(const DecisionRecord& from);
std::optional<Denial> decode_apparmor(const DecisionRecord& from);
std::optional<Denial> decode_seccomp(const DecisionRecord& from);

/// Any of them, by the record's kind, with verdict, tally, origin and first sample filled in.
std::optional<Denial> decode_decision(const DecisionRecord& from, DecisionKind kind, const std::string& source);
/// Replaces `key` by what tells the record's decision from others, its kind included. False: it holds none.
bool decision_key(const DecisionRecord& from, DecisionKind kind, Grain grain, std::string& key);
/// The body, or the inner message of a USER_AVC.
std::string_view text_of(const Record& record);
/// Whether the first word is key=value; records before 2007 and torn ones begin with other words.
bool starts_with_field(std::string_view text);

/// Who and what, for the list of samples; cheap enough to be made for each record that may become one.
Evidence evidence_of(const DecisionRecord& from);

/// The exe= or comm= of the record, else of the event's SYSCALL record.
std::string subject_exe(const DecisionRecord& from);
std::string subject_comm(const DecisionRecord& from);
/// The number and architecture (hex, as logged) of the event's SYSCALL record; -1 and empty without one.
std::pair<std::int32_t, std::string> subject_syscall(const DecisionRecord& from);
/// The object's path as the event tells it.
std::string object_path(const DecisionRecord& from);

/// "(null)"-free, decoded value of a field of the record's text.
inline std::string value_of(const DecisionRecord& from, std::string_view key) {
  return decoded_field(from.text, key, from.record.dialect);
}

}  // namespace cordon::audit
