#include <fmt/format.h>

#include <cstdio>

#include "base/bytes.h"
#include "front.h"
#include "seccomp/try.h"

namespace cordon::front {
namespace {

constexpr std::size_t kDeniedShown = 20;
constexpr int kCannotRun = 125;

void tell_denied(const seccomp::TryOutcome& outcome) {
  for (std::size_t i = 0; i < outcome.denied.size() && i < kDeniedShown; ++i)
    fmt::print(stderr, "cordon try: {}\n", printable(seccomp::to_text(outcome.denied[i])));
  if (outcome.denied.size() > kDeniedShown)
    fmt::print(stderr, "cordon try: and {} more\n", outcome.denied.size() - kDeniedShown);
  if (outcome.signal != 0) fmt::print(stderr, "cordon try: the program was ended by signal {}\n", outcome.signal);
}

/// env(1): 127 no such program, 126 it cannot be run, 125 anything else of ours.
int own_failure(const Error& error) {
  cli::fail("cordon try", error);
  return kCannotRun;
}

int run_try(const cli::Arguments& arguments) {
  if (!arguments.has("seccomp"))
    return cli::fail("cordon try", {ErrorCode::kUsage, "no profile was given", {}, "name one with --seccomp FILE"});
  Diagnostics diagnostics;
  const auto program = seccomp::program_to_try(arguments.get("seccomp"), diagnostics);
  cli::show("cordon try", diagnostics);
  if (!program) return cli::fail("cordon try", program.error());
  const auto outcome = seccomp::run_under_filter(*program, arguments.command());
  if (!outcome) return own_failure(outcome.error());
  if (!arguments.has("quiet")) tell_denied(*outcome);
  return outcome->exit_code;
}

}  // namespace

cli::CommandRow try_command() {
  return {"try",
          "run a command under a seccomp profile, without any container runtime; its exit code is passed on",
          "",
          {{"--seccomp", "FILE", "the profile: OCI, Docker, podman or operator form, or raw BPF (*.bpf)"},
           {"-q,--quiet", "", "do not name the calls that the filter refused"}},
          {"cordon try --seccomp cordon-out/sqlite3.seccomp.json -- sqlite3 /tmp/x.db 'select 1'"},
          run_try,
          cli::TakesCommand::kYes};
}

}  // namespace cordon::front
