#include <algorithm>
#include <catch2/catch.hpp>

#include "seccomp/combine.h"
#include "seccomp/cost.h"
#include "seccomp/diff.h"
#include "seccomp/read.h"
#include "seccomp/verify.h"
#include "seccomp_testing.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

Profile profile(const std::string& rules, const std::string& extra = R"("architectures":["SCMP_ARCH_X86_64"],)") {
  Diagnostics diagnostics;
  const auto read = read_profile(R"({"defaultAction":"SCMP_ACT_ERRNO",)" + extra + R"("syscalls":[)" + rules + "]}",
                                 "t", diagnostics);
  REQUIRE(read.ok());
  return read->profile;
}

std::string allow(const std::string& names, const std::string& args = "") {
  return R"({"names":[)" + names + R"(],"action":"SCMP_ACT_ALLOW")" +
         (args.empty() ? "" : R"(,"args":[)" + args + "]") + "}";
}

std::string eq(int index, int value) {
  return R"({"index":)" + std::to_string(index) + R"(,"value":)" + std::to_string(value) + R"(,"op":"SCMP_CMP_EQ"})";
}

std::vector<std::string> texts(const Diff& diff) {
  std::vector<std::string> out;
  for (const Change& change : diff.changes) out.push_back(to_text(change));
  return out;
}

}  // namespace

TEST_CASE("a diff is of meaning: the order and the spelling of rules do not matter") {
  const Profile a =
      profile(allow(R"("read","write")") + "," + allow(R"("socket")", eq(0, 1)) + "," + allow(R"("socket")", eq(0, 2)));
  const Profile b = profile(allow(R"("socket")", eq(0, 2)) + "," + allow(R"("write")") + "," +
                            allow(R"("socket")", eq(0, 1)) + "," + allow(R"("read")"));
  CHECK(diff_profiles(a, b, Runtime::kCrun).same());
}

TEST_CASE("a diff names what grew, what shrank, and for which arguments") {
  const Profile a = profile(allow(R"("read","getppid")") + "," + allow(R"("socket")", eq(0, 1)));
  const Profile b = profile(allow(R"("read","mount")") + "," + allow(R"("socket")", eq(0, 1)) + "," +
                            allow(R"("socket")", eq(0, 38)));
  const Diff diff = diff_profiles(a, b, Runtime::kCrun);
  const auto lines = texts(diff);
  CHECK(std::count(lines.begin(), lines.end(), "+ mount on x86_64: errno EPERM, now allow") == 1);
  CHECK(std::count(lines.begin(), lines.end(), "- getppid on x86_64: allow, now errno EPERM") == 1);
  CHECK(std::count(lines.begin(), lines.end(), "+ socket on x86_64, argument 0 = 0x26: errno EPERM, now allow") == 1);
  CHECK(diff.grown() == 2);
  CHECK(diff.shrunk() == 1);
}

TEST_CASE("a diff sees an ABI that came in") {
  const Profile a = profile(allow(R"("read")"));
  const Profile b = profile(allow(R"("read")"), R"("architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],)");
  const auto lines = texts(diff_profiles(a, b, Runtime::kCrun));
  CHECK(std::count(lines.begin(), lines.end(), "+ read on i386: kill thread, now allow") == 1);
}

TEST_CASE("a diff sees flags and the listener's settings, which decide no call") {
  const auto with = [](const std::string& settings) {
    return profile(allow(R"("read")"), R"("architectures":["SCMP_ARCH_X86_64"],)" + settings);
  };
  const auto said = [](const Profile& before, const Profile& after) {
    std::vector<std::string> out;
    const Diff diff = diff_profiles(before, after, Runtime::kCrun);
    CHECK(diff.changes.empty());
    CHECK(diff.same() == diff.settings.empty());
    for (const SettingChange& setting : diff.settings) out.push_back((setting.grows ? "+ " : "- ") + setting.what);
    return out;
  };
  const Profile log = with(R"("flags":["SECCOMP_FILTER_FLAG_LOG"],)");
  const Profile both = with(R"("flags":["SECCOMP_FILTER_FLAG_SPEC_ALLOW","SECCOMP_FILTER_FLAG_LOG"],)");
  CHECK(said(log, both) == std::vector<std::string>{"+ flag SECCOMP_FILTER_FLAG_SPEC_ALLOW is new"});
  CHECK(said(both, log) == std::vector<std::string>{"- flag SECCOMP_FILTER_FLAG_SPEC_ALLOW is gone"});
  const Profile agent = with(R"("listenerPath":"/run/a","listenerMetadata":"m",)");
  CHECK(said(with(""), agent) ==
        std::vector<std::string>{"+ listenerPath is new: \"/run/a\"", "+ listenerMetadata is new: \"m\""});
  CHECK(said(agent, with(R"("listenerPath":"/run/b","listenerMetadata":"m",)")) ==
        std::vector<std::string>{"+ listenerPath: \"/run/a\", now \"/run/b\""});
  CHECK(said(agent, agent).empty());
}

TEST_CASE("merging is union, and minimising keeps every decision") {
  const Profile a = profile(allow(R"("read")") + "," + allow(R"("socket")", eq(0, 1)) +
                            R"(,{"names":["mount"],"action":"SCMP_ACT_ERRNO","errnoRet":38})");
  const Profile b =
      profile(allow(R"("write","mount")") + "," + allow(R"("socket")", eq(0, 2)) + "," + allow(R"("read")"));
  const auto merged = merge_profiles({a, b});
  REQUIRE(merged.ok());
  CHECK(diff_profiles(a, *merged, Runtime::kCrun).shrunk() == 0);
  CHECK(diff_profiles(b, *merged, Runtime::kCrun).shrunk() == 0);
  const auto again = merge_profiles({b, a});
  REQUIRE(again.ok());
  CHECK(diff_profiles(*merged, *again, Runtime::kCrun).same());
  CHECK(verify(*merged, Runtime::kRunc)->mismatch_count == 0);

  const Profile wordy = profile(allow(R"("read")") + "," + allow(R"("statx")") + "," + allow(R"("read")", eq(0, 1)) +
                                R"(,{"names":["mount"],"action":"SCMP_ACT_ERRNO","errnoRet":1})");
  const auto small = minimise(wordy);
  REQUIRE(small.ok());
  CHECK(small->rules.size() == 1);
  CHECK(diff_profiles(wordy, *small, Runtime::kCrun).same());

  // runc answers ENOSYS above the largest number named: an EPERM rule beyond it that says what the default says counts.
  const Profile named = profile(allow(R"("read")") + "," + allow(R"("read")", eq(0, 1)) +
                                R"(,{"names":["openat2"],"action":"SCMP_ACT_ERRNO","errnoRet":1})");
  const auto kept = minimise(named);
  REQUIRE(kept.ok());
  CHECK(kept->rules.size() == 2);
  CHECK(diff_profiles(named, *kept, Runtime::kRunc).same());

  Profile other = b;
  other.default_action = Action::kKillProcess;
  CHECK_FALSE(merge_profiles({a, other}).ok());
}

TEST_CASE("a base keeps its rules, gains what is needed, and tells what it no longer needs") {
  const Profile base = profile(allow(R"("read","getppid")") + "," + allow(R"("socket")", eq(0, 1)) +
                               R"(,{"names":["write"],"action":"SCMP_ACT_ERRNO","errnoRet":38})");
  Plan plan;
  plan.arches = {Arch::kX86_64};
  plan.allow("read", {0, "observed", ""});
  plan.allow("write", {0, "observed", ""});
  plan.allow("socket", ArgSet{{0, Compare::kMaskedEq, 0xffffffff, 1}}, {0, "observed", ""});
  plan.allow("socket", ArgSet{{0, Compare::kMaskedEq, 0xffffffff, 2}}, {0, "observed", ""});
  const Based based = add_to_base(base, plan);
  CHECK(based.added == std::vector<std::string>{"socket (observed)", "write (observed)"});
  CHECK(based.unneeded == std::vector<std::string>{"getppid"});
  CHECK(diff_profiles(base, based.profile, Runtime::kCrun).shrunk() == 0);
  CHECK(verify(based.profile, Runtime::kCrun)->mismatch_count == 0);
}

TEST_CASE("--base keeps the hand-written file's rules") {
  const Scratch scratch;
  const std::string base = scratch.write(
      "base.json", R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":13,"architectures":["SCMP_ARCH_X86_64"],
    "syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ALLOW"}]})");
  const auto emission = emit({call("read")}, {{"base", base}});
  REQUIRE(emission.ok());
  const std::string text = file_of(*emission, ".seccomp.json");
  CHECK(text.find("getppid") != std::string::npos);
  CHECK(text.find("\"read\"") != std::string::npos);
  CHECK(text.find("\"defaultErrnoRet\": 13") != std::string::npos);
  CHECK(emission->inputs.count(base) == 1);
  CHECK_FALSE(emit({call("read")}, {{"base", scratch.path() + "/none"}}).ok());
}

TEST_CASE("the cost of both layouts is counted by running them") {
  std::string names;
  for (const char* name : {"stat",   "open",  "close", "lseek",  "brk",    "poll",    "dup",        "pipe",   "getpid",
                           "access", "fstat", "kill",  "uname",  "chdir",  "mkdir",   "rmdir",      "link",   "umask",
                           "times",  "sync",  "pause", "alarm",  "select", "flock",   "fsync",      "chown",  "fork",
                           "vfork",  "wait4", "bind",  "listen", "setsid", "getppid", "exit_group", "clone3", "statx"})
    names += (names.empty() ? "\"" : ",\"") + std::string(name) + "\"";
  const Profile many = profile(allow(names));
  Trace trace;
  for (const char* name : {"stat", "statx", "exit_group"}) {
    Fact fact;
    fact.operation = call(name);
    fact.tally.count = 10;
    trace.facts.push_back(fact);
  }
  Fact again = trace.facts.front();  // another program's calls count with the first one's
  again.subject.exe = "/usr/bin/other";
  again.tally.count = 20;
  trace.facts.push_back(again);
  const auto cost = cost_of(many, trace);
  REQUIRE(cost.ok());
  REQUIRE(cost->hottest.size() == 3);
  CHECK(cost->hottest.front().op.name == "stat");
  CHECK(cost->hottest.front().count == 30);
  CHECK(cost->plain_mean > cost->tree_mean);
  CHECK(cost->ratio() < 1.0);
}
