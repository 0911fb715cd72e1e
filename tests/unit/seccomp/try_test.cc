#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "seccomp/read.h"
#include "seccomp/try.h"
#include "seccomp_testing.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

/// All calls pass but those of the rules.
BpfProgram allowing_but(const std::string& rules) {
  Diagnostics diagnostics;
  const auto read = read_profile(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)" + rules + "]}", "t", diagnostics);
  REQUIRE(read.ok());
  auto program = program_to_try(read->profile);
  REQUIRE(program.ok());
  return *program;
}

bool names(const TryOutcome& outcome, const std::string& call) {
  return std::any_of(outcome.denied.begin(), outcome.denied.end(), [&](const DeniedCall& d) { return d.name == call; });
}

}  // namespace

TEST_CASE("the program's exit code and signal are passed on") {
  const BpfProgram program = allowing_but(R"({"names":["acct"],"action":"SCMP_ACT_ERRNO"})");
  auto outcome = run_under_filter(program, {"sh", "-c", "exit 7"});
  REQUIRE(outcome.ok());
  CHECK(outcome->exit_code == 7);
  CHECK(outcome->denied.empty());
  outcome = run_under_filter(program, {"sh", "-c", "kill -TERM $$"});
  REQUIRE(outcome.ok());
  CHECK(outcome->signal == SIGTERM);
  CHECK(outcome->exit_code == 128 + SIGTERM);
}

TEST_CASE("a refused call is named, and the program sees the profile's errno") {
  const BpfProgram program = allowing_but(R"({"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":28})");
  const Scratch scratch;
  const auto outcome =
      run_under_filter(program, {"sh", "-c", "mkdir " + scratch.path() + "/d 2>&1 | grep -q 'No space left'"});
  REQUIRE(outcome.ok());
  CHECK(outcome->exit_code == 0);
  if (!outcome->watched) {
    WARN("skipped: refused calls cannot be listened to here: " << outcome->unwatched_because);
    return;
  }
  REQUIRE((names(*outcome, "mkdir") || names(*outcome, "mkdirat")));
  CHECK(to_text(outcome->denied.front()).find("ENOSPC") != std::string::npos);
}

TEST_CASE("a call that kills is named, and the program dies of SIGSYS") {
  const BpfProgram program = allowing_but(R"({"names":["mkdir","mkdirat"],"action":"SCMP_ACT_KILL_PROCESS"})");
  const auto outcome = run_under_filter(program, {"mkdir", "/tmp/cordon-never-made"});
  REQUIRE(outcome.ok());
  CHECK(outcome->signal == SIGSYS);
  CHECK(access("/tmp/cordon-never-made", F_OK) != 0);
  if (outcome->watched) CHECK(outcome->denied.size() == 1);
}

TEST_CASE("calls of descendants are answered too, also when they outlive the program") {
  const BpfProgram program = allowing_but(R"({"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":13})");
  const Scratch scratch;
  const std::string late = "(sleep 0.3; mkdir " + scratch.path() + "/d 2>" + scratch.path() + "/err) >/dev/null &";
  const auto outcome = run_under_filter(program, {"sh", "-c", late});
  REQUIRE(outcome.ok());
  CHECK(outcome->exit_code == 0);
  for (int i = 0; i < 40 && (!std::filesystem::exists(scratch.path() + "/err") ||
                             std::filesystem::is_empty(scratch.path() + "/err"));
       ++i)
    usleep(50'000);
  CHECK_FALSE(std::filesystem::exists(scratch.path() + "/d"));
  CHECK_FALSE(std::filesystem::is_empty(scratch.path() + "/err"));
}

TEST_CASE("what cannot start says why") {
  const BpfProgram program = allowing_but(R"({"names":["acct"],"action":"SCMP_ACT_ERRNO"})");
  CHECK(to_text(run_under_filter(program, {"no-such-command-at-all"}).error()).find("no such command") !=
        std::string::npos);
  CHECK(to_text(run_under_filter(program, {"/etc/passwd"}).error()).find("Permission denied") != std::string::npos);
  CHECK_FALSE(run_under_filter(program, {}).ok());
  Diagnostics diagnostics;
  const auto closed =
      read_profile(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})",
                   "t", diagnostics);
  REQUIRE(closed.ok());
  CHECK(to_text(program_to_try(closed->profile).error()).find("execve") != std::string::npos);
}

TEST_CASE("a profile learned from a list of calls lets the program live, without its own calls it does not") {
  const auto emission =
      emit({call("brk"),        call("mmap"),      call("mprotect"),        call("munmap"),          call("openat"),
            call("read"),       call("pread64"),   call("newfstatat"),      call("close"),           call("write"),
            call("arch_prctl"), call("access"),    call("set_tid_address"), call("set_robust_list"), call("rseq"),
            call("prlimit64"),  call("getrandom"), call("fadvise64"),       call("uname"),           call("futex"),
            call("ioctl")});
  REQUIRE(emission.ok());
  const Scratch scratch;
  Diagnostics diagnostics;
  auto program = program_to_try(scratch.write("demo.seccomp.json", file_of(*emission, ".seccomp.json")), diagnostics);
  REQUIRE(program.ok());
  const auto lives = run_under_filter(*program, {"/usr/bin/uname"});
  REQUIRE(lives.ok());
  for (const DeniedCall& d : lives->denied) UNSCOPED_INFO(to_text(d));
  CHECK(lives->exit_code == 0);
  const auto denied = run_under_filter(*program, {"/usr/bin/mkdir", scratch.path() + "/d"});
  REQUIRE(denied.ok());
  CHECK(denied->exit_code == 1);
}
