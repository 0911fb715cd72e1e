#include "learn.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/terminal.h"
#include "base/text.h"
#include "facts/trace_io.h"
#include "flow/backends.h"
#include "flow/summary.h"
#include "front.h"

namespace cordon::front {
namespace {

constexpr std::size_t kDeniedShown = 5;

Result<std::uint32_t> duration(const cli::Arguments& arguments, std::string_view option) {
  const std::string text = arguments.get(option);
  if (const auto ms = parse_duration_ms(text)) return *ms;
  return Error{
      ErrorCode::kUsage, "--" + std::string(option) + ": '" + text + "' is not a time", {}, "as in 500ms, 30s, 5m, 1h"};
}

Result<StopPlan> stop_plan(const cli::Arguments& arguments) {
  StopPlan plan;
  plan.ready = arguments.get("ready");
  if (arguments.has("exercise")) {
    auto words = split_command(arguments.get("exercise"));
    if (!words || words->empty())
      return Error{ErrorCode::kUsage, "--exercise: a quote is left open, or there is no command", {}, {}};
    plan.exercise = std::move(*words);
  } else if (arguments.has("ready")) {
    return Error{ErrorCode::kUsage, "--ready tells when to run the --exercise, and there is none", {}, {}};
  }
  if (arguments.has("until")) {
    auto ms = duration(arguments, "until");
    if (!ms) return ms.error();
    plan.until_ms = *ms;
  }
  auto timeout = duration(arguments, "ready-timeout");
  if (!timeout) return timeout.error();
  plan.ready_timeout_ms = *timeout;
  return plan;
}

std::string default_name(const std::vector<std::string>& command) {
  return std::filesystem::path(command[0]).filename().string();
}

}  // namespace

Result<LearnPlan> plan_learning(const cli::Arguments& arguments) {
  LearnPlan plan;
  plan.name = arguments.has("name") ? arguments.get("name") : default_name(arguments.command());
  if (auto fine = flow::check_name(plan.name); !fine) return fine.error();
  plan.directory = arguments.get("output");
  auto options = flow::backend_options(arguments);
  if (!options) return options.error();
  plan.options = std::move(*options);
  auto targets = flow::backends_in(arguments.get_all("target"));
  if (!targets) return targets.error();
  plan.targets = std::move(*targets);
  auto stop = stop_plan(arguments);
  if (!stop) return stop.error();
  plan.recording.stop = std::move(*stop);
  auto grace = duration(arguments, "grace");
  if (!grace) return grace.error();
  plan.recording.options.grace_ms = *grace;
  plan.recording.options.argv = arguments.command();
  plan.recording.options.label = arguments.get("run-label");
  plan.recording.options.tool = "cordon learn " CORDON_VERSION;
  plan.recording.append = arguments.has("append");
  plan.recording.trace_path = plan.stem() + ".trace";
  plan.reports = arguments.get_all("report");
  plan.reports.push_back(plan.stem() + ".report.json");
  plan.ignore_exit = arguments.has("ignore-exit");
  plan.json = arguments.has("json");
  return plan;
}

bool Learning::checks_passed() const {
  for (const flow::Proof& proof : proofs)
    if (!proof.passed()) return false;
  return true;
}

bool Learning::command_succeeded() const {
  return recording.end.stopped_by_us || (recording.end.exit_code && *recording.end.exit_code == 0);
}

namespace {

Result<void> write_learned(const LearnPlan& plan, const Learning& learning) {
  flow::Learned learned;
  learned.title = plan.name;
  learned.trace = &learning.trace;
  learned.policy = &learning.policy;
  learned.notes = learning.policy.notes;
  for (std::size_t i = 0; i < learning.made.size(); ++i)
    learned.targets.push_back(
        {learning.made[i].backend, learning.made[i].files, &learning.made[i].emission, &learning.proofs[i]});
  return flow::write_reports(learned, plan.options.data_dir, plan.reports);
}

Result<void> make_and_prove(const LearnPlan& plan, Learning& learning, Progress& progress, Diagnostics& diagnostics) {
  progress.show("writing the profiles");
  auto made = flow::synthesise(learning.policy, plan.targets, plan.options, diagnostics);
  if (!made) return made.error();
  learning.made = std::move(*made);
  if (auto written = flow::write_files(learning.made, plan.stem()); !written) return written;
  for (const flow::Synthesis& synthesis : learning.made) {
    progress.show("checking " + std::string(synthesis.backend->name()));
    auto proof = flow::prove(*synthesis.backend, synthesis.files, learning.trace, plan.options, diagnostics);
    if (!proof) return proof.error();
    learning.proofs.push_back(std::move(*proof));
  }
  return {};
}

}  // namespace

Result<Learning> learn(const LearnPlan& plan, Diagnostics& diagnostics) {
  if (auto made = make_directories(plan.directory); !made) return made.error();
  Learning learning;
  auto recorded = record_to_file(plan.recording);
  if (!recorded) return recorded.error();
  learning.recording = std::move(*recorded);
  Progress progress;
  progress.show("reading the trace");
  auto trace = read_traces({plan.recording.trace_path}, diagnostics);
  if (!trace) return trace.error();
  learning.trace = std::move(*trace);
  learning.policy = policy_from(learning.trace, plan.name);
  if (auto done = make_and_prove(plan, learning, progress, diagnostics); !done) return done.error();
  if (auto written = write_learned(plan, learning); !written) return written.error();
  return learning;
}

namespace {

std::string ending_text(const End& end) {
  if (end.stopped_by_us) return "stopped by cordon";
  if (end.exit_signal) return fmt::format("ended by signal {}", *end.exit_signal);
  return fmt::format("exit {}", end.exit_code.value_or(-1));
}

std::string quoted_command(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    if (!text.empty()) text += ' ';
    const bool plain =
        !word.empty() &&
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,") ==
            std::string::npos;
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : printable(word)) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

std::string next_step(const LearnPlan& plan, const Learning& learning) {
  for (const flow::Synthesis& made : learning.made)
    if (made.backend->name() == "seccomp" && !made.files.empty())
      return fmt::format("next: cordon try --seccomp {} -- {}\n", quoted_command({made.files[0]}),
                         quoted_command(plan.recording.options.argv));
  return {};
}

}  // namespace

std::string learning_text(const LearnPlan& plan, const Learning& learning, bool colour) {
  const End& end = learning.recording.end;
  std::string text = fmt::format("learned {} from {} ({})\n", styled(printable(plan.name), Style::kBold, colour),
                                 quoted_command(plan.recording.options.argv), ending_text(end));
  text += flow::seen_text(learning.trace);
  for (const std::string& note : end.notes) text += fmt::format("  note      {}\n", printable(note));
  for (const std::string& note : learning.policy.notes) text += fmt::format("  left out  {}\n", printable(note));
  text += '\n';
  for (std::size_t i = 0; i < learning.made.size(); ++i) {
    text += flow::synthesis_text(learning.made[i], learning.policy, colour);
    text += flow::proof_text("check", learning.proofs[i], learning.trace, kDeniedShown, colour);
  }
  if (!learning.policy.complete) text += "the recording is incomplete, and each profile says so\n";
  return text + fmt::format("\nrecording {}, report {}\n", plan.recording.trace_path, plan.reports.back()) +
         next_step(plan, learning);
}

namespace {

int run_learn(const cli::Arguments& arguments) {
  const auto plan = plan_learning(arguments);
  if (!plan) return cli::fail(kTool, plan.error());
  Diagnostics diagnostics;
  const auto learning = learn(*plan, diagnostics);
  cli::show(kTool, diagnostics);
  if (!learning) return cli::fail(kTool, learning.error());
  if (plan->json) {
    const auto report = read_file(plan->stem() + ".report.json");
    fmt::print("{}", report ? *report : "");
  } else {
    fmt::print("{}", learning_text(*plan, *learning, wants_colour(STDOUT_FILENO)));
  }
  const bool command_fine = plan->ignore_exit || learning->command_succeeded();
  if (!command_fine) fmt::print(stderr, "cordon: the command itself did not succeed (--ignore-exit accepts that)\n");
  return learning->checks_passed() && command_fine ? cli::kFine : cli::kFindings;
}

}  // namespace

cli::CommandRow learn_command() {
  std::vector<cli::OptionRow> options = {
      {"-n,--name", "NAME", "what the profiles are called; the program's name if absent"},
      {"-o,--output", "DIR", "where the trace, the profiles and the report go", "", "cordon-out"},
      {"--target", "LIST", "only these languages", "seccomp|apparmor|selinux", "", true},
      {"--exercise", "CMD", "run this once the program listens, then stop the program; split into words, no shell"},
      {"--ready", "PORT|PATH", "what shows that it is ready: a TCP port that it listens on, or a path that appears"},
      {"--ready-timeout", "TIME", "how long to wait for that", "", "30s"},
      {"--until", "TIME", "stop the program after this time: 30s, 5m"},
      {"--grace", "TIME", "time between SIGTERM and SIGKILL when it is stopped", "", "5s"},
      {"--ignore-exit", "", "accept that the command itself fails"},
      {"--append", "", "keep what the trace in DIR already knows and add to it"},
      {"--run-label", "LABEL", "a name for this run in the trace"},
      {"--report", "FILE", "write a report too: .html, .md, .sarif or .json by its name", "", "", true},
      {"--json", "", "print the report as JSON instead of the summary"},
  };
  for (cli::OptionRow& row : flow::backend_option_rows()) options.push_back(std::move(row));
  return {"learn",
          "run a command, and write and check the profiles that allow what it did and nothing else",
          "",
          std::move(options),
          {"cordon learn -- sqlite3 /tmp/x.db 'select 1'",
           "cordon learn -n web -o profiles --exercise 'curl -s http://127.0.0.1:8000/' -- python3 -m http.server 8000",
           "cordon learn --for docker --target seccomp -- ./server --once"},
          run_learn,
          cli::TakesCommand::kYes};
}

}  // namespace cordon::front
