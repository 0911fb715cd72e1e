#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "flow/learned.h"
#include "recording.h"

namespace cordon::front {

/// What `cordon learn` was asked for, checked.
struct LearnPlan {
  RecordingPlan recording;
  std::string name;
  std::string directory;
  std::vector<const Backend*> targets;
  BackendOptions options;
  std::vector<std::string> reports;
  bool ignore_exit = false;
  bool json = false;
  std::string stem() const { return directory + "/" + name; }
};

/// What came of it.
struct Learning {
  RecordOutcome recording;
  Trace trace;
  Policy policy;
  std::vector<flow::Synthesis> made;
  std::vector<flow::Proof> proofs;  ///< one for each of `made`
  bool checks_passed() const;
  bool command_succeeded() const;
};

Result<LearnPlan> plan_learning(const cli::Arguments& arguments);
Result<Learning> learn(const LearnPlan& plan, Diagnostics& diagnostics);
std::string learning_text(const LearnPlan& plan, const Learning& learning, bool colour);

}  // namespace cordon::front
