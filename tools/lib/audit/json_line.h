#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/block.h"
#include "audit/line.h"

namespace cordon::audit {

/// Takes the log line out of one JSON object: journalctl -o json (MESSAGE as text or as an array of bytes, _AUDIT_TYPE,
/// _AUDIT_ID, _HOSTNAME), Docker's json-file ("log"), and any NDJSON whose field is named.
class JsonLineReader {
 public:
  /// `field`: the field that holds the line, dots between the levels; empty: the usual ones are tried in turn.
  explicit JsonLineReader(std::string field);
  ~JsonLineReader();
  JsonLineReader(const JsonLineReader&) = delete;
  JsonLineReader& operator=(const JsonLineReader&) = delete;

  /// What the object holds; text that the record views is kept in `block.side`.
  ParsedLine parse(std::string_view line, Block& block, Record& record);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a journal entry says beside its message, in JSON and in the export format alike.
struct JournalEntry {
  std::string message;
  std::string audit_type;                     ///< _AUDIT_TYPE, a number
  std::string audit_id;                       ///< _AUDIT_ID, the serial
  std::string host;                           ///< _HOSTNAME
  std::string source_time_us;                 ///< _SOURCE_REALTIME_TIMESTAMP: the kernel's stamp
  std::string receive_time_us;                ///< __REALTIME_TIMESTAMP
  std::string transport, pid;                 ///< _TRANSPORT and _PID: how the entry came and who sent it
  std::string unit, user_unit;                ///< _SYSTEMD_UNIT, _SYSTEMD_USER_UNIT: the sender's
  std::string object_unit, object_user_unit;  ///< OBJECT_…: of the process that the entry is about
  std::string container_name, container_id;  ///< CONTAINER_NAME, CONTAINER_ID: set by Docker's and podman's log drivers
};
using JournalMember = std::string JournalEntry::*;

/// The member that a field's name stands for, or null.
JournalMember journal_member(std::string_view name);

/// The record of a journal entry.
ParsedLine parse_journal_entry(JournalEntry&& entry, Block& block, Record& record);

}  // namespace cordon::audit
