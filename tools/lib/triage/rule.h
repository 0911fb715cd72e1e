#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "triage/denial.h"

/// Rules as data: profiles/triage/*.json, described by schemas/triage-rules.schema.json.
namespace cordon::triage {

/// How much a match says, worst first: it orders findings and chooses between rules that match alike.
enum class Severity : std::uint8_t {
  kAttack,   ///< a sign of an attack, or of something that nobody should allow
  kFault,    ///< something is broken or mislabelled: it can be mended
  kMissing,  ///< the policy lacks something that the program seems to need
  kNoise,    ///< harmless; may be silenced
};

/// Ways to mend. The prover knows which of them it can try.
enum class FixKind : std::uint8_t {
  kRelabel,  ///< restorecon, or semanage fcontext and restorecon
  kBoolean,
  kPort,
  kModule,  ///< allow rules
  kDontaudit,
  kAppArmorRule,
  kSeccompAllow,
  kRun,          ///< how the program, container or unit is started
  kConfigure,    ///< the program's or the system's settings
  kInvestigate,  ///< nothing to allow: something to look at
};

/// A fix with its blanks: "{path}" stands for a field of the denial (see fill.h).
struct FixTemplate {
  FixKind kind = FixKind::kInvestigate;
  std::string title;
  std::vector<std::string> commands;
  std::vector<std::string> undo;
  std::string no_undo;                      ///< why there is nothing to take back; either this or `undo` is given
  std::map<std::string, std::string> with;  ///< what the prover is told: "type", "boolean", "syscalls", "rules"
  std::vector<std::pair<std::string, std::string>> files;  ///< name and text that --apply writes
};

/// One condition: all, any or none of the children, or a field's test.
struct Condition {
  enum class Kind : std::uint8_t { kAll, kAny, kNot, kField, kNamed };
  Kind kind = Kind::kAll;
  std::vector<Condition> children;
  Field field = Field::kCount_;
  std::vector<std::string> globs;  ///< '*' any run, '?' one byte; the field matches if one of its values does
  bool every = false;              ///< "only": each of the field's values must match
  std::size_t named = 0;           ///< index into the table of named predicates
};

struct CauseRule {
  std::string id;
  std::string title;
  std::string summary;  ///< one sentence with blanks
  std::string reason;   ///< why this is the cause, what the fix means
  std::string source;   ///< where the fact comes from
  std::string risk;     ///< what allowing it would open; may be empty
  Severity severity = Severity::kMissing;
  bool general = false;   ///< steps back behind every rule that is not
  bool fallback = false;  ///< considered only if no other rule matches
  Condition when;
  std::size_t weight = 0;  ///< how many field tests a match passes at least: the more special rule wins
  std::vector<Field> group_by;
  bool by_directory = false;  ///< paths of one directory tree are one finding
  std::vector<FixTemplate> fixes;
  std::vector<std::string> matching, other;  ///< examples: log lines that must, and must not, match
  std::string where;                         ///< file and pointer, for messages
};

struct RuleSet {
  std::vector<CauseRule> rules;  ///< sorted by id
  std::size_t refused = 0;       ///< rules that could not be read; each is in the diagnostics
  std::size_t files = 0;
};

/// Reads one file's text into the set. A rule with an error is left out, named by file and JSON pointer, and counted.
void read_rules(const std::string& text, const std::string& where, RuleSet& into, Diagnostics& diagnostics);

/// All *.json of a directory, in the order of their names.
RuleSet load_rules(const std::string& directory, Diagnostics& diagnostics);

/// The rule for what no rule explains; compiled in, so that no denial is ever without a finding.
const CauseRule& unexplained_rule();

std::string_view to_text(Severity severity);
std::string_view to_text(FixKind kind);

}  // namespace cordon::triage
