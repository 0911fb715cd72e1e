#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facts/trace.h"
#include "policy/backend.h"

/// The gate of an image build: the committed profiles against a new recording (`cordon-check --gate`).
namespace cordon::report {

/// Something guarded that was looked at and is wanted.
struct GateAllowance {
  std::string guard;   ///< the guard that it lifts, as written there
  std::string reason;  ///< must not be empty
};

/// schemas/gate.schema.json. Paths are relative to the file's own directory.
struct GateConfig {
  std::vector<std::string> profiles;  ///< the committed ones
  std::vector<std::string> traces;    ///< of the new build; those on the command line come on top
  std::string place;                  ///< "for": where the profiles will be enforced; empty: as the command line says
  std::uint32_t unused_runs = 0;      ///< with this many complete runs, a rule that none of them needs fails; 0: never
  bool allow_incomplete = false;      ///< a recording that is not complete does not fail
  std::vector<std::string>
      guards;  ///< "KIND GLOB": "capability sys_admin", "file *write* /etc/*"; see default_guards()
  std::vector<GateAllowance> allowances;
  std::string markdown, sarif;  ///< where to write the reports; empty: not written
};

/// What a config without `guards` guards.
const std::vector<std::string>& default_guards();

/// TOML, or JSON if the text begins with '{'. An unknown key, a wrong type or an allowance without a reason is an error
/// that names the key. `where` is the file's path: its directory is put before the relative paths.
Result<GateConfig> read_gate(const std::string& text, const std::string& where);

/// One committed profile file beside what the new recording would make of it.
struct GateProfile {
  std::string backend;
  std::string path;
  std::string committed;       ///< its text
  std::string fresh;           ///< the text synthesised anew from the traces; empty: unused rules are not looked for
  Decider* decider = nullptr;  ///< reads the committed profile; null for a file that another one's decider covers
};

enum class GateIssueKind : std::uint8_t { kNeedsMore, kUndecided, kUnused, kGuarded, kIncomplete };
std::string_view to_text(GateIssueKind kind);

struct GateIssue {
  GateIssueKind kind = GateIssueKind::kNeedsMore;
  std::string backend;
  std::string file;
  std::size_t line = 0;  ///< 1-based; 0: the whole file
  std::string what;      ///< the operation or rule
  std::string why;
};

struct GateResult {
  std::vector<GateIssue> issues;   ///< sorted: kind, file, line, text
  std::vector<std::string> notes;  ///< what could not be judged
  bool passed() const { return issues.empty(); }
};

GateResult run_gate(const GateConfig& config, const std::vector<GateProfile>& profiles, const Trace& trace);

std::string gate_text(const GateResult& result);
std::string gate_markdown(const GateResult& result);
std::string gate_sarif(const GateResult& result);

}  // namespace cordon::report
