#include <catch2/catch.hpp>
#include <random>

#include "seccomp/names.h"
#include "seccomp/verify.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

SyscallRule allow(std::vector<std::string> names, std::vector<ArgCondition> args = {}) {
  SyscallRule rule;
  rule.names = std::move(names);
  rule.args = std::move(args);
  return rule;
}

Profile denying(std::vector<SyscallRule> rules, std::vector<Arch> arches = {Arch::kX86_64}) {
  Profile profile;
  profile.architectures = std::move(arches);
  profile.rules = std::move(rules);
  return profile;
}

std::uint32_t ask(const Profile& profile, Runtime runtime, const char* name, std::array<std::uint64_t, 6> args = {},
                  Arch arch = Arch::kX86_64) {
  const auto compiled = compile(profile, runtime, Arch::kX86_64);
  REQUIRE(compiled.ok());
  return run_bpf(compiled->program, data_of({arch, static_cast<std::uint32_t>(*number_on(arch, name)), args})).value;
}

constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | 1;
constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | 38;
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;

std::vector<ArgCondition> random_conditions(std::mt19937& random) {
  static constexpr std::array<std::uint64_t, 4> kMasks = {0xffffffff, 0x7e020000, 0xf, 4};
  std::vector<ArgCondition> out;
  const auto first = static_cast<std::uint32_t>(random() % 3);
  for (std::uint32_t index = first; index < first + 1 + random() % 2; ++index) {
    const std::uint64_t mask = kMasks.at(random() % kMasks.size());
    out.push_back({index, Compare::kMaskedEq, mask, random() % 0x80000000 & mask});
  }
  return out;
}

}  // namespace

TEST_CASE("runc answers ENOSYS above the largest named call, crun does not") {
  const Profile profile = denying({allow({"read", "futex"})});
  CHECK(ask(profile, Runtime::kRunc, "futex") == kAllow);
  CHECK(ask(profile, Runtime::kRunc, "mount") == kEperm);
  CHECK(ask(profile, Runtime::kRunc, "statx") == kEnosys);
  CHECK(ask(profile, Runtime::kCrun, "statx") == kEperm);
  CHECK(ask(profile, Runtime::kPlain, "statx") == kEperm);
}

TEST_CASE("a repeated index makes every condition a rule of its own") {
  const std::vector<ArgCondition> twice = {{0, Compare::kEq, 1, 0}, {0, Compare::kEq, 2, 0}, {1, Compare::kEq, 9, 0}};
  const Profile profile = denying({allow({"getppid"}, twice)});
  for (const Runtime runtime : {Runtime::kRunc, Runtime::kCrun}) {
    CHECK(ask(profile, runtime, "getppid", {1}) == kAllow);
    CHECK(ask(profile, runtime, "getppid", {2}) == kAllow);
    CHECK(ask(profile, runtime, "getppid", {3, 9}) == kAllow);
    CHECK(ask(profile, runtime, "getppid", {3, 8}) == kEperm);
  }
}

TEST_CASE("an ABI that is not listed is killed whatever the default") {
  Profile profile = denying({allow({"read"})});
  CHECK(ask(profile, Runtime::kCrun, "read", {}, Arch::kI386) == SECCOMP_RET_KILL_THREAD);
  CHECK(ask(profile, Runtime::kCrun, "read", {}, Arch::kX32) == SECCOMP_RET_KILL_THREAD);
  profile.architectures = {Arch::kX86_64, Arch::kI386, Arch::kX32};
  CHECK(ask(profile, Runtime::kCrun, "read", {}, Arch::kI386) == kAllow);
  CHECK(ask(profile, Runtime::kCrun, "read", {}, Arch::kX32) == kAllow);
}

TEST_CASE("names that libseccomp does not know are ignored and listed") {
  const auto compiled = compile(denying({allow({"read", "no_such_call"})}), Runtime::kCrun);
  REQUIRE(compiled.ok());
  CHECK(compiled->ignored == std::vector<std::string>{"no_such_call"});
}

TEST_CASE("what a runtime refuses is refused with its place") {
  Profile profile = denying({allow({"read"})});
  profile.default_action = Action::kNotify;
  CHECK(to_text(compile(profile, Runtime::kRunc).error()).find("/defaultAction") != std::string::npos);
  profile = denying({allow({"write"})});
  profile.rules[0].action = Action::kNotify;
  profile.rules[0].pointer = "/syscalls/0";
  CHECK(to_text(compile(profile, Runtime::kRunc).error()).find("/syscalls/0") != std::string::npos);
  CHECK(compile(profile, Runtime::kCrun).ok());
}

TEST_CASE("too many rules for the kernel is an error that names the limit") {
  std::vector<SyscallRule> rules;
  for (std::uint64_t i = 0; i < 3000; ++i) rules.push_back(allow({"ioctl"}, {{1, Compare::kEq, i << 32 | i * 7, 0}}));
  const auto compiled = compile(denying(rules), Runtime::kPlain);
  REQUIRE_FALSE(compiled.ok());
  CHECK(to_text(compiled.error()).find("4096") != std::string::npos);
}

TEST_CASE("the known miscompilation of ordered comparisons is found") {
  // getppid: a0 >= 3 || (a0 <= 3 && a1 == 1)
  const Profile profile = denying({allow({"getppid"}, {{0, Compare::kGe, 3, 0}}),
                                   allow({"getppid"}, {{0, Compare::kLe, 3, 0}, {1, Compare::kEq, 1, 0}})});
  const auto result = verify(profile, Runtime::kCrun);
  REQUIRE(result.ok());
  if (result->mismatch_count == 0) {
    WARN("skipped: this libseccomp compiles the shape rightly");
    return;
  }
  CHECK(to_text(result->mismatches.front(), Runtime::kCrun).find("getppid") != std::string::npos);
}

TEST_CASE("the shapes that are emitted compile to what they say, on every ABI and runtime") {
  std::mt19937 random(7);
  static constexpr std::array<const char*, 6> kCalls = {"socket", "ioctl", "prctl", "clone", "fcntl", "semop"};
  const std::vector<std::vector<Arch>> hosts = {{Arch::kX86_64},
                                                {Arch::kX86_64, Arch::kI386, Arch::kX32},
                                                {Arch::kAarch64, Arch::kArm},
                                                {Arch::kRiscv64},
                                                {Arch::kPpc64le},
                                                {Arch::kS390x}};
  for (int round = 0; round < 120; ++round) {
    std::vector<SyscallRule> rules = {allow({"read", "write", "exit_group", "mmap"})};
    const std::string call = kCalls.at(random() % kCalls.size());
    std::vector<ArgCondition> shape = random_conditions(random);
    for (std::size_t i = 0; i < 1 + random() % 4; ++i) {
      for (ArgCondition& c : shape) c.value_two = random() & c.value;
      rules.push_back(allow({call}, shape));
    }
    if (random() % 2 == 0)
      for (const char* name :
           {"stat",   "open",  "close", "lseek", "brk",   "poll",  "dup",   "pipe",  "getpid", "access", "fstat",
            "kill",   "uname", "chdir", "mkdir", "rmdir", "link",  "umask", "times", "sync",   "pause",  "alarm",
            "select", "flock", "fsync", "chown", "fork",  "vfork", "wait4", "bind",  "listen", "setsid", "getppid"})
        rules.push_back(allow({name}));
    const auto& arches = hosts.at(random() % hosts.size());
    for (const Runtime runtime : {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc}) {
      const auto result = verify(denying(rules, arches), runtime, arches.front());
      REQUIRE(result.ok());
      INFO("round " << round << " " << call << " as " << runtime_name(runtime) << " on "
                    << arch_info(arches.front()).name
                    << (result->mismatches.empty() ? "" : ": " + to_text(result->mismatches.front(), runtime)));
      CHECK(result->mismatch_count == 0);
    }
  }
}

TEST_CASE("more instructions than the kernel takes are an error at the rules, with the number") {
  std::vector<SyscallRule> rules;
  for (std::uint64_t value = 0; value < 1500; ++value)
    rules.push_back(allow({"socket"}, {{0, Compare::kEq, value, 0}, {1, Compare::kEq, value * 7 + 1, 0}}));
  const auto compiled = compile(denying(rules), Runtime::kPlain, Arch::kX86_64);
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.error().where == "/syscalls");
  CHECK(compiled.error().what.find("the kernel takes 4096") != std::string::npos);
}
