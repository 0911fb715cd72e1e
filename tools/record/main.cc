#include <fcntl.h>
#include <signal.h>

#include <cstdio>
#include <iostream>

#include "base/text.h"
#include "cli/command.h"
#include "facts/names.h"
#include "in_place_sink.h"
#include "oci/container.h"
#include "ptrace/engine.h"
#include "ptrace/known.h"
#include "ptrace/trace_sink.h"

namespace cordon {
namespace {

constexpr int kOwnFailure = 125;  // env(1)

int fail_with(const Error& error) {
  cli::fail("cordon-record", error);
  return record_exit_code(error);
}

Result<std::vector<pid_t>> pids_of(const std::vector<std::string>& words) {
  std::vector<pid_t> pids;
  for (const std::string& word : words)
    for (const std::string_view part : split(word, ',')) {
      const auto pid = parse_number<pid_t>(part);
      if (!pid || *pid <= 0) return Error{ErrorCode::kUsage, "not a process id", std::string(part), ""};
      pids.push_back(*pid);
    }
  return pids;
}

template <class T>
Result<T> number_of(const cli::Arguments& arguments, std::string_view option) {
  const auto value = parse_number<T>(arguments.get(option));
  if (!value) return Error{ErrorCode::kUsage, "not a number", "--" + std::string(option), ""};
  return *value;
}

/// --cgroup and --container: who is to be attached to is asked while recording.
Result<void> add_group(const cli::Arguments& arguments, RecordOptions& options) {
  if (arguments.has("cgroup") && arguments.has("container"))
    return Error{ErrorCode::kUsage, "--cgroup and --container exclude each other", "", ""};
  if (arguments.has("cgroup")) {
    Result<oci::Members> members = oci::cgroup_members(arguments.get("cgroup"));
    if (!members) return members.error();
    options.members = std::move(*members);
    options.notes.push_back("attached to the cgroup " + arguments.get("cgroup"));
  }
  if (arguments.has("container")) {
    const Result<oci::RunningContainer> container = oci::find_container(arguments.get("container"));
    if (!container) return container.error();
    Result<oci::Members> members = oci::container_members((*container).pid);
    if (!members) return members.error();
    options.members = std::move(*members);
    options.notes.push_back("attached to the container " + (*container).id +
                            ((*container).name.empty() ? "" : " (" + (*container).name + ")"));
  }
  return {};
}

Result<RecordOptions> options_of(const cli::Arguments& arguments) {
  RecordOptions options;
  options.argv = arguments.command();
  Result<std::vector<pid_t>> pids = pids_of(arguments.get_all("pid"));
  if (!pids) return pids.error();
  options.attach = std::move(*pids);
  if (Result<void> grouped = add_group(arguments, options); !grouped) return grouped.error();
  options.in_place = arguments.has("in-place");
  for (std::string& note : arguments.get_all("note")) options.notes.push_back(std::move(note));
  if (options.argv.empty() == !options.attaches())
    return Error{ErrorCode::kUsage, "give a command after --, or processes with -p, --cgroup or --container", "",
                 "cordon-record --help"};
  if (options.in_place && options.attaches())
    return Error{ErrorCode::kUsage, "--in-place is for a command, not for running processes", "", ""};
  options.follow = !arguments.has("no-follow");
  options.colocate = !arguments.has("no-colocate");
  options.detail = named<Detail>(arguments.get("detail")).value_or(Detail::kFull);
  const std::string engine = arguments.get("engine");
  options.engine = engine == "ptrace"   ? EngineChoice::kPtrace
                   : engine == "notify" ? EngineChoice::kNotify
                                        : EngineChoice::kAuto;
  options.label = arguments.get("run-label");
  if (arguments.has("append") && !options.argv.empty())
    options.known = known_calls(arguments.get("append"), options.detail);
  const Result<std::uint32_t> limit = number_of<std::uint32_t>(arguments, "max-tasks");
  if (!limit) return limit.error();
  options.max_tracees = *limit;
  return options;
}

/// The signal that ended the command ends us too, without a core of our own.
int pass_on(const End& end) {
  if (!end.exit_signal) return end.exit_code.value_or(0);
  const int signal = *end.exit_signal;
  std::fflush(nullptr);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
  return 128 + signal;  // PID 1 and signals that do not end a process
}

int run(const cli::Arguments& arguments) {
  Result<RecordOptions> options = options_of(arguments);
  if (!options) return fail_with(options.error());
  StopControl stop;
  options->stop = &stop;
  const bool append = arguments.has("append");
  TraceSink file(append ? arguments.get("append") : arguments.get("output"), append);
  std::optional<TraceSink> handed;
  if (arguments.has("trace-fd")) {
    const Result<int> fd = number_of<int>(arguments, "trace-fd");
    if (!fd) return fail_with(fd.error());
    if (fcntl(*fd, F_SETFD, FD_CLOEXEC) != 0) return fail_with(errno_error(errno, "--trace-fd", std::to_string(*fd)));
    handed.emplace(UniqueFd(*fd), "descriptor " + std::to_string(*fd));
  }
  TraceSink& trace = handed ? *handed : file;
  InPlaceSink beside(trace, options->in_place ? inherited_descriptors() : std::vector<int>{});
  const Result<RecordOutcome> outcome = options->in_place ? record(*options, beside) : record(*options, trace);
  if (!outcome) return fail_with(outcome.error());
  if (outcome->end.lost != 0)
    std::cerr << "cordon-record: warning: " << counted(outcome->end.lost, "event") << " lost\n";
  return options->in_place ? 0 : pass_on(outcome->end);
}

cli::ToolRow tool() {
  cli::CommandRow command;
  command.summary = "Run a command and write down what it does, as a trace of facts.";
  command.takes_command = cli::TakesCommand::kOptional;
  command.options = {
      {"-o,--output", "TRACE", "write the trace here", {}, "cordon.trace"},
      {"--append", "TRACE", "add a run to this trace; what it knows already is not watched again"},
      {"-p,--pid", "PID", "attach to a running process, with its threads and children", {}, {}, true},
      {"--cgroup", "PATH", "attach to all processes of a cgroup, and to those that come"},
      {"--container", "ID|NAME", "attach to all processes of a running container, and to those that come"},
      {"--in-place", "", "become the command, keeping the process id, and record from a child"},
      {"--trace-fd", "N", "write the trace to this open descriptor"},
      {"--note", "TEXT", "words for the trace's head", {}, {}, true},
      {"--no-follow", "", "leave children alone"},
      {"--detail", "LEVEL", "what to look at: syscall numbers, their arguments too, paths and results too",
       "set|args|full", "full"},
      {"--engine", "ENGINE", "how to watch", "auto|ptrace|notify", "auto"},
      {"--run-label", "TEXT", "a name for this run, shown by cordon-trace info"},
      {"--max-tasks", "N", "end the recording when more tasks than this live at once", {}, "16384"},
      {"--no-colocate", "", "never move tasks to the recorder's CPU"},
  };
  command.examples = {"# record a program with all its children",   "cordon-record -o app.trace -- ./app --serve",
                      "# what a running server does, until Ctrl-C", "cordon-record -o app.trace -p 1234",
                      "# a running container, by its name",         "cordon-record -o web.trace --container web"};
  command.run = run;
  cli::ToolRow row;
  row.name = "cordon-record";
  row.summary = command.summary;
  row.commands = {command};
  row.epilogue = "The exit code is the command's; 125 to 127 are cordon-record's own failures, as in env(1).";
  row.usage_exit = kOwnFailure;
  return row;
}

}  // namespace
}  // namespace cordon

int main(int argc, char** argv) {
  if (argc > 0) cordon::keep_own_program_back(argv[0]);
  cordon::remember_words(argc, argv);
  return cordon::cli::run_tool(cordon::tool(), argc, argv);
}
