#include <catch2/catch.hpp>

#include "base/fd.h"
#include "seccomp/read.h"
#include "seccomp/write.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

Result<ReadProfile> read(const std::string& text) {
  Diagnostics diagnostics;
  return read_profile(text, "f.json", diagnostics);
}

std::string error_of(const std::string& text) {
  const auto result = read(text);
  return result.ok() ? "read" : to_text(result.error());
}

std::string with_rule(const std::string& rule) {
  return R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},)" + rule + "]}";
}

}  // namespace

TEST_CASE("every kind of bad profile is refused at its place") {
  const struct {
    std::string text;
    const char* place;
    const char* what;
  } kCases[] = {
      {"{", "line 1 column", "not JSON"},
      {"[]", "f.json: /", "object"},
      {"{}", "f.json: /", "no defaultAction"},
      {R"({"defaultAction":"SCMP_ACT_MAYBE"})", "f.json: /defaultAction", "unknown action"},
      {R"({"defaultAction":"SCMP_ACT_ALLOW","defaultAction":"SCMP_ACT_KILL"})", "f.json: /defaultAction", "twice"},
      {R"({"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":1})", "f.json: /defaultErrnoRet", "no errno"},
      {R"({"defaultAction":"SCMP_ACT_ALLOW","surprise":1})", "f.json: /surprise", "no meaning"},
      {R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_VAX"]})", "f.json: /architectures/0", "VAX"},
      {R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_X"]})", "f.json: /flags/0", "unknown flag"},
      {with_rule(R"({"names":[],"action":"SCMP_ACT_ALLOW"})"), "f.json: /syscalls/1", "without names"},
      {with_rule(R"({"names":["read"]})"), "f.json: /syscalls/1", "without an action"},
      {with_rule(R"({"names":["read"],"action":"SCMP_ACT_ALLOW","errnoRet":1})"), "f.json: /syscalls/1/errnoRet",
       "no errno"},
      {with_rule(R"({"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":5000})"), "f.json: /syscalls/1/errnoRet",
       "over 4095"},
      {with_rule(R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}]})"),
       "f.json: /syscalls/1/args/0/index", "over 5"},
      {with_rule(R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]})"),
       "f.json: /syscalls/1/args/0/value", "whole number"},
      {with_rule(
           R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":99999999999999999999,"op":"SCMP_CMP_EQ"}]})"),
       "f.json: /syscalls/1/args/0/value", "whole number"},
      {with_rule(R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_LIKE"}]})"),
       "f.json: /syscalls/1/args/0/op", "unknown operator"},
      {with_rule(R"({"names":[7],"action":"SCMP_ACT_ALLOW"})"), "f.json: /syscalls/1/names/0", "string"},
      {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":\"\xff\"}", "f.json", "UTF-8"},
  };
  for (const auto& c : kCases) {
    const std::string error = error_of(c.text);
    INFO(c.text);
    CHECK(error.find(c.place) != std::string::npos);
    CHECK(error.find(c.what) != std::string::npos);
  }
}

TEST_CASE("depth and size have limits") {
  std::string deep = R"({"defaultAction":)";
  for (int i = 0; i < 100000; ++i) deep += '[';
  CHECK(error_of(deep).find("deeper") != std::string::npos);
  std::string wide = R"({"defaultAction":"SCMP_ACT_ALLOW")";
  for (int i = 0; i < 5000; ++i) wide += ",\"k" + std::to_string(i) + "\":1";
  CHECK(error_of(wide + "}").find("more than 2000 keys") != std::string::npos);
  CHECK(error_of(std::string(9 << 20, ' ') + "{}").find("limit") != std::string::npos);
}

TEST_CASE("Docker's conditions are resolved against capabilities, ABI and kernel") {
  const auto profile = read(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,
    "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
               {"architecture":"SCMP_ARCH_AARCH64","subArchitectures":["SCMP_ARCH_ARM"]}],
    "syscalls":[
     {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
     {"names":["clone"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"],"arches":["s390x"]}},
     {"names":["arch_prctl"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["amd64","x32"]}},
     {"names":["ptrace"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"}}]})");
  REQUIRE(profile.ok());
  CHECK(profile->dialect == Dialect::kDocker);
  const auto names = [&](Host host) {
    std::string out;
    for (const SyscallRule& rule : resolved(profile->profile, host).rules) out += rule.names.front() + " ";
    return out;
  };
  Host host;
  host.arch = Arch::kX86_64;
  host.caps = default_caps();
  CHECK(names(host) == "clone arch_prctl ptrace ");
  host.caps.insert("CAP_SYS_ADMIN");
  CHECK(names(host) == "mount arch_prctl ptrace ");
  host.kernel = KernelVersion{4, 4};
  CHECK(names(host) == "mount arch_prctl ");
  host.knows_min_kernel = false;
  CHECK(names(host) == "mount arch_prctl ptrace ");
  host.arch = Arch::kAarch64;
  CHECK(names(host) == "mount ptrace ");
  CHECK(resolved(profile->profile, host).architectures == std::vector{Arch::kAarch64, Arch::kArm});
}

TEST_CASE("the operator's resource is read from YAML and from JSON") {
  const std::string yaml = R"(# a comment
apiVersion: security-profiles-operator.x-k8s.io/v1beta1
kind: SeccompProfile
metadata: {name: demo, namespace: "x"}
spec:
  defaultAction: SCMP_ACT_ERRNO
  architectures: [SCMP_ARCH_X86_64]
  syscalls:
    - action: SCMP_ACT_ALLOW
      names: [read, write]
    - action: SCMP_ACT_ALLOW
      names: [socket]
      args:
        - {index: 0, value: 1, op: SCMP_CMP_EQ}
)";
  const auto profile = read(yaml);
  REQUIRE(profile.ok());
  CHECK(profile->dialect == Dialect::kSpo);
  REQUIRE(profile->profile.rules.size() == 2);
  CHECK(profile->profile.rules[1].args.front().value == 1);
  CHECK(error_of("kind: SeccompProfile\nspec:\n  defaultAction: SCMP_ACT_X\n").find("/spec: /defaultAction") !=
        std::string::npos);
  CHECK(error_of("a: [\n").find("not YAML") != std::string::npos);
  CHECK(error_of("a: 1\na: 2\n").find("twice") != std::string::npos);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 8; ++j) bomb += "," + before;
    bomb += "]\n";
  }
  CHECK(error_of(bomb).find("more than 400000 values") != std::string::npos);
}

TEST_CASE("the distribution's default profile is read with its errno words") {
  const std::string path = "/usr/share/containers/seccomp.json";
  if (access(path.c_str(), R_OK) != 0) {
    WARN("skipped: " << path << " is not installed");
    return;
  }
  Diagnostics diagnostics;
  const auto profile = read_profile_file(path, diagnostics);
  REQUIRE(profile.ok());
  CHECK(profile->dialect == Dialect::kPodman);
  CHECK(profile->profile.default_errno_ret == 38);
  CHECK(profile->profile.rules.size() > 20);
}

TEST_CASE("written profiles are read back the same, and read text is canonical after one round") {
  const std::string text = R"({"defaultAction":"SCMP_ACT_KILL_PROCESS","archMap":[{"architecture":"SCMP_ARCH_X86_64",
    "subArchitectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"]}],"flags":["SECCOMP_FILTER_FLAG_LOG"],
    "syscalls":[{"names":["socket"],"action":"SCMP_ACT_ERRNO","errnoRet":97,"comment":"c \u00e9 \n",
    "args":[{"index":0,"value":18446744073709551615,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"}],
    "excludes":{"minKernel":"5.10"}}]})";
  const auto first = read(text);
  REQUIRE(first.ok());
  const std::string once = write_json(first->profile, first->dialect);
  const auto second = read(once);
  REQUIRE(second.ok());
  CHECK(write_json(second->profile, second->dialect) == once);
  CHECK(second->profile.rules.front().args == first->profile.rules.front().args);
  CHECK(second->profile.rules.front().comment == "c \u00e9 \n");
}
