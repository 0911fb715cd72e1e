#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facts/operation.h"

namespace cordon {

/// Who did it. What is not known is empty.
struct Subject {
  std::string exe;        ///< the program's path as it saw itself (proc(5) exe)
  std::string comm;       ///< only where exe is not known (kernel records): facts of one program stay together
  std::string container;  ///< a container or unit id
  std::string domain;     ///< SELinux context or AppArmor profile, as logged
  static constexpr auto fields() {
    return std::tuple{field("exe", &Subject::exe), field("comm", &Subject::comm),
                      field("container", &Subject::container), field("domain", &Subject::domain)};
  }
  auto operator<=>(const Subject&) const = default;
};

enum class Outcome : std::uint8_t {
  kAllowed,
  kFailed,     ///< the kernel refused or it did not work; `error` says how
  kDenied,     ///< by `by`
  kWouldDeny,  ///< complain mode, permissive domain, SECCOMP_RET_LOG: logged, not blocked
  kUnwatched,  ///< tried; the result was not watched
};
enum class Mechanism : std::uint8_t { kNone, kSeccomp, kAppArmor, kSelinux };

struct Verdict {
  Outcome outcome = Outcome::kAllowed;
  std::string error;  ///< errno's name, "ENOENT"; only with kFailed or kDenied
  Mechanism by = Mechanism::kNone;
  static constexpr auto fields() {
    return std::tuple{field("outcome", &Verdict::outcome, Presence::kAlways), field("error", &Verdict::error),
                      field("by", &Verdict::by)};
  }
  auto operator<=>(const Verdict&) const = default;
};

/// Where a fact was first seen. Not part of its identity.
struct Origin {
  std::string source;      ///< "ptrace", or the log's file name
  std::uint64_t line = 0;  ///< 1-based; 0: none
  std::string event;       ///< the audit event id, "node time:serial"
  std::int64_t pid = 0;
  static constexpr auto fields() {
    return std::tuple{field("source", &Origin::source), field("line", &Origin::line), field("event", &Origin::event),
                      field("pid", &Origin::pid)};
  }
  auto operator<=>(const Origin&) const = default;
};

/// How often and when. Times are milliseconds since the epoch; 0 means not known.
struct Tally {
  std::uint64_t count = 0;
  std::uint64_t unwatched = 0;  ///< those of `count` whose result was not watched
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  static constexpr auto fields() {
    return std::tuple{field("count", &Tally::count, Presence::kAlways), field("unwatched", &Tally::unwatched),
                      field("first_ms", &Tally::first_ms), field("last_ms", &Tally::last_ms)};
  }
  void add(const Tally& other);
  auto operator<=>(const Tally&) const = default;
};

/// One thing that a subject did, tried, or could do. Identity = subject + operation + verdict.
struct Fact {
  Subject subject;
  Operation operation;
  Verdict verdict;
  Tally tally;
  Origin origin;

  bool same_as(const Fact& other) const {
    return subject == other.subject && operation == other.operation && verdict == other.verdict;
  }
};

/// The order of a trace's facts: by operation, subject, verdict.
bool content_before(const Fact& a, const Fact& b);

/// 32 hex digits: the first half of the SHA-256 of the fact's canonical JSON (subject, operation, verdict).
/// Equality is always decided by content, never by id alone.
using FactId = std::string;
FactId fact_id(const Fact& fact);

}  // namespace cordon
