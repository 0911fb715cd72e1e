#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "triage/denial.h"
#include "triage/rule.h"

namespace cordon::triage {

/// What came of trying a fix against the policy that was given.
enum class ProofStatus : std::uint8_t {
  kProven,   ///< every denial of the finding is allowed with it
  kPartial,  ///< some are
  kUntried,  ///< could not be tried; `how` says why
  kRefuted,  ///< it was tried and no denial goes away
  kRefused,  ///< it would work, and a guard says that it must not be done
};
std::string_view to_text(ProofStatus status);

struct Proof {
  ProofStatus status = ProofStatus::kUntried;
  std::uint64_t fixed = 0;  ///< denials (events) that the fix makes go away
  std::uint64_t of = 0;     ///< denials of the finding that were tried
  std::string how;          ///< what was asked of which policy, or why nothing could be
};

/// What a fix allows beyond what was denied.
struct Excess {
  bool known = false;
  std::uint64_t count = 0;
  std::string unit;               ///< "access vectors", "paths", "syscalls"
  std::vector<std::string> what;  ///< the first few, in the policy's words
};

enum class Reversal : std::uint8_t { kExact, kByHand, kNone };
std::string_view to_text(Reversal reversal);

struct Fix {
  FixKind kind = FixKind::kInvestigate;
  std::string title;
  std::vector<std::string> commands, undo;  ///< for a POSIX shell (bash where a name holds control bytes), quoted
  std::string no_undo;                      ///< why nothing needs to be taken back; empty if `undo` does it
  std::vector<std::pair<std::string, std::string>> files;  ///< what --apply writes
  std::map<std::string, std::string> with;                 ///< for the prover
  std::string below;  ///< relabel: what the commands reach; empty: they name no path
  Proof proof;
  Excess excess;
  Reversal reversal = Reversal::kByHand;
  std::string rule;  ///< the rule that proposes it
};

/// A denied permission, and why the policy denies it.
struct PermissionReason {
  std::string what;    ///< "httpd_t → user_home_t : file { read }"
  std::string reason;  ///< in words
};

/// One cause with all its denials.
struct Finding {
  std::string id;  ///< "F-" and 10 hex digits; the same for the same cause in another log
  std::string rule, title, summary, reason, source, risk;
  Severity severity = Severity::kMissing;
  std::vector<std::string> also;        ///< titles of other rules that match
  std::vector<std::string> mechanisms;  ///< sorted
  std::uint64_t count = 0, blocked = 0;
  std::int64_t first_ms = 0, last_ms = 0;
  std::map<std::string, std::uint64_t> hosts, units, containers, programs, paths;
  std::map<std::string, std::uint64_t> places;  ///< by place_key(): which host with which container, unit or program
  Timeline timeline;
  std::vector<Shape> shapes;  ///< sorted by shape_key
  std::size_t lead = 0;  ///< the shape that speaks for the finding: of those that its rule explains, the most frequent
  std::vector<PermissionReason> reasons;
  std::vector<Fix> fixes;     ///< best first
  std::string accepted;       ///< a baseline's reason; empty: not accepted
  std::string baseline_note;  ///< "the acceptance ended on …"
};

struct Triage {
  std::vector<Finding> findings;  ///< worst first
  std::vector<Finding> accepted;  ///< those that the baseline accepts
  std::uint64_t records = 0;      ///< records that were looked at
  std::uint64_t denials = 0;    ///< those in findings and accepted: nothing else becomes of a denial but the two below
  std::uint64_t filtered = 0;   ///< denials that --since, --unit and their kin leave out
  std::uint64_t undecoded = 0;  ///< denials that could not be understood
  std::map<std::string, std::uint64_t> problems;  ///< why, with how many
  std::uint64_t folded = 0;  ///< denials counted in a finding whose own path or name is not kept (limit reached)
  std::map<std::string, std::string> inputs;    ///< policies and the like that were consulted: name → SHA-256
  std::map<std::string, std::uint64_t> counts;  ///< the reader's own counts, by name
  std::vector<std::string> notes;
  Diagnostics diagnostics;
};

}  // namespace cordon::triage
