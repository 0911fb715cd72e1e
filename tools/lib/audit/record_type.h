#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cordon::audit {

/// The audit record's type as linux/audit.h and libaudit.h number it (AUDIT_*). Only those that the code names.
using RecordType = std::uint16_t;

inline constexpr RecordType kUserAvc = 1107;
inline constexpr RecordType kSyscall = 1300;
inline constexpr RecordType kPath = 1302;
inline constexpr RecordType kSockaddr = 1306;
inline constexpr RecordType kCwd = 1307;
inline constexpr RecordType kExecve = 1309;
inline constexpr RecordType kObjPid = 1318;
inline constexpr RecordType kEoe = 1320;
inline constexpr RecordType kSeccomp = 1326;
inline constexpr RecordType kProctitle = 1327;
inline constexpr RecordType kAvc = 1400;
inline constexpr RecordType kSelinuxErr = 1401;
inline constexpr RecordType kAvcPath = 1402;
inline constexpr RecordType kMacPolicyLoad = 1403;
inline constexpr RecordType kApparmorFirst = 1500;
inline constexpr RecordType kApparmorAudit = 1501;
inline constexpr RecordType kApparmorAllowed = 1502;
inline constexpr RecordType kApparmorDenied = 1503;
inline constexpr RecordType kApparmorHint = 1504;
inline constexpr RecordType kApparmorStatus = 1505;
inline constexpr RecordType kApparmorError = 1506;
inline constexpr RecordType kApparmorKill = 1507;
inline constexpr RecordType kApparmorLast = 1599;
inline constexpr RecordType kMaxType = 4096;  ///< types are below; anything else is malformed

/// "AVC", "UNKNOWN[1503]" or "1400" to its number; 0 if it is none of them.
RecordType record_type_from_name(std::string_view name);

/// libaudit's name, or "UNKNOWN[n]".
std::string record_type_name(RecordType type);

/// How a record takes part in the work.
enum class TypeUse : std::uint8_t {
  kDenial,     ///< may hold a decision: AVC, USER_AVC, SELINUX_ERR, APPARMOR_*, SECCOMP
  kPolicy,     ///< what changes decisions: policy loads, status, booleans
  kCompanion,  ///< describes the event that another record began: SYSCALL, PATH, …
  kAnomaly,    ///< ANOM_*
  kOther,
};
TypeUse use_of(RecordType type);

}  // namespace cordon::audit
