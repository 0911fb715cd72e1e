#pragma once

#include <map>
#include <string>
#include <vector>

#include "facts/trace.h"
#include "policy/backend.h"
#include "policy/policy.h"

/// The report on a learned or checked profile: `cordon learn --report`, `cordon-check --report`.
namespace cordon::report {

/// A runtime's default seccomp profile: which syscalls it lets a container make without added capabilities.
struct SyscallDefaults {
  std::string name;                  ///< "docker", "podman"
  std::string source;                ///< where the list comes from
  std::vector<std::string> allowed;  ///< sorted
};

/// One policy language's part. What the caller does not own stays with it for the time of the call.
struct LearnedTarget {
  std::string backend;                 ///< Backend::name()
  std::vector<std::string> files;      ///< the profile's file names
  const Emission* emission = nullptr;  ///< null where a finished profile was only checked
  std::vector<Decision> decisions;     ///< one for each of trace.facts, in order; empty: nothing was decided
};

/// All that the report shows. Nothing in it is trusted: names come from programs and logs.
struct LearnedReport {
  std::string title;  ///< the profile's name
  std::string tool;   ///< "cordon 0.1.0"
  const Trace* trace = nullptr;
  const Policy* policy = nullptr;  ///< null where a finished profile was only checked
  std::vector<LearnedTarget> targets;
  std::vector<SyscallDefaults> defaults;              ///< to compare the syscalls with
  std::map<std::string, std::string> risky_syscalls;  ///< name → why it is worth a look
  std::vector<std::string> notes;
};

/// New facts in each run, in the order of their start: how much a further run could still show.
struct RunStep {
  std::string label;
  std::size_t new_facts = 0;
  std::size_t total = 0;  ///< distinct facts up to this run
};
std::vector<RunStep> new_facts_per_run(const Trace& trace);

/// One self-contained page: no network, its script and style pinned by a content security policy.
std::string render_html(const LearnedReport& report);
/// schemas/report-learned.schema.json.
std::string render_json(const LearnedReport& report);
/// For a pull request comment.
std::string render_markdown(const LearnedReport& report);
/// SARIF 2.1.0: a result for each fact denied or undecided.
std::string render_sarif(const LearnedReport& report);

}  // namespace cordon::report
