#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "seccomp/decide.h"
#include "seccomp/formats.h"
#include "seccomp/names.h"
#include "seccomp/read.h"
#include "seccomp/risk.h"
#include "seccomp/write.h"
#include "seccomp_testing.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

constexpr std::uint64_t kInt = 0xffffffff;

std::vector<SyscallOp> typical() {
  return {call("read"),
          call("write"),
          call("openat"),
          call("mmap", {{2, 1, 7}}),
          call("mmap", {{2, 5, 7}}),
          call("socket", {{0, 2, kInt}, {1, 1, 0xf}, {2, 0, kInt}}),
          call("ioctl", {{1, 0x5401, kInt}}),
          call("clone", {{0, 0, 0x7e020000}}),
          call("prctl", {{0, 15, kInt}}),
          call("exit_group")};
}

Profile emitted(const std::vector<SyscallOp>& ops, std::map<std::string, std::string> values = {},
                Platform platform = Platform::kTry) {
  const auto emission = emit(ops, std::move(values), platform);
  REQUIRE(emission.ok());
  Diagnostics diagnostics;
  const auto read = read_profile(file_of(*emission, ".seccomp.json"), "emitted", diagnostics);
  REQUIRE(read.ok());
  return read->profile;
}

Ruling ruling(const Profile& profile, const SyscallOp& op) {
  FilterDecider decider;
  REQUIRE(decider.add_profile(profile, "p", {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc}).ok());
  return decider.decide(op).ruling;
}

/// Calls with random policy arguments, as a recording would hold them.
std::vector<SyscallOp> random_ops(std::mt19937& random, std::size_t count) {
  const auto& names = names_on(Arch::kX86_64);
  std::vector<SyscallOp> out;
  for (std::size_t i = 0; i < count; ++i) {
    switch (random() % 6) {
      case 0:
        out.push_back(call("socket", {{0, random() % 45, kInt}, {1, random() % 6, 0xf}, {2, random() % 20, kInt}}));
        break;
      case 1: out.push_back(call("ioctl", {{1, random(), kInt}})); break;
      case 2: out.push_back(call("prctl", {{0, random() % 70, kInt}})); break;
      case 3: out.push_back(call("setsockopt", {{1, random() % 300, kInt}, {2, random() % 80, kInt}})); break;
      default: out.push_back(call(names.at(random() % names.size())));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("what was seen is allowed, what was not is denied with the promised errno") {
  const Profile profile = emitted(typical());
  for (const SyscallOp& op : typical()) {
    INFO(op.name);
    CHECK(ruling(profile, op) == Ruling::kAllowed);
  }
  CHECK(ruling(profile, call("mount")) == Ruling::kDenied);
  CHECK(ruling(profile, call("socket", {{0, 38, kInt}})) == Ruling::kDenied);
  CHECK(ruling(profile, call("socket")) == Ruling::kCannotTell);
  CHECK(ruling(profile, call("clone", {{0, 0x10000000, 0x7e020000}})) == Ruling::kDenied);
  CHECK(ruling(profile, call("ioctl", {{1, 0x5412, kInt}})) == Ruling::kDenied);
  CHECK(ruling(profile, call("read", {}, Arch::kI386)) == Ruling::kDenied);
  const Reference reference(profile, Runtime::kCrun);
  const auto value = [&](const char* name) {
    return *reference.ask({Arch::kX86_64, static_cast<std::uint32_t>(*number_on(Arch::kX86_64, name)), {}})
                .values.begin();
  };
  CHECK(value("mount") == (SECCOMP_RET_ERRNO | 1));
  CHECK(value("clone3") == (SECCOMP_RET_ERRNO | 38));
  CHECK(value("openat2") == (SECCOMP_RET_ERRNO | 38));
}

TEST_CASE("sign extension and junk in the upper half change nothing for 32-bit arguments") {
  const Profile profile = emitted({call("ioctl", {{1, 0x80045430, kInt}})});
  const auto compiled = compile(profile, Runtime::kRunc);
  REQUIRE(compiled.ok());
  for (const std::uint64_t command : {0x80045430ULL, 0xffffffff80045430ULL, 0x1280045430ULL}) {
    const Call c{Arch::kX86_64, static_cast<std::uint32_t>(*number_on(Arch::kX86_64, "ioctl")), {1, command}};
    CHECK(run_bpf(compiled->program, data_of(c)).value == SECCOMP_RET_ALLOW);
  }
}

TEST_CASE("levels: none filters nothing, tight filters every policy argument") {
  const auto ops = typical();
  const Profile none = emitted(ops, {{"arguments", "none"}});
  CHECK(std::all_of(none.rules.begin(), none.rules.end(), [](const SyscallRule& r) { return r.args.empty(); }));
  const Profile tight = emitted(ops, {{"arguments", "tight"}});
  CHECK(ruling(tight, call("socket", {{0, 2, kInt}, {1, 1, 0xf}, {2, 0, kInt}})) == Ruling::kAllowed);
  CHECK(ruling(tight, call("socket", {{0, 2, kInt}, {1, 3, 0xf}, {2, 0, kInt}})) == Ruling::kDenied);
  CHECK(ruling(emitted(ops), call("socket", {{0, 2, kInt}, {1, 3, 0xf}, {2, 0, kInt}})) == Ruling::kAllowed);
}

TEST_CASE("a grant without the argument leaves the call whole") {
  const Profile profile = emitted({call("socket", {{0, 2, kInt}}), call("socket")});
  CHECK(ruling(profile, call("socket", {{0, 38, kInt}})) == Ruling::kAllowed);
}

TEST_CASE("executable memory is denied where none was seen") {
  const Profile without = emitted({call("mprotect", {{2, 1, 7}}), call("mprotect", {{2, 3, 7}})});
  CHECK(ruling(without, call("mprotect", {{2, 0, 7}})) == Ruling::kAllowed);
  CHECK(ruling(without, call("mprotect", {{2, 5, 7}})) == Ruling::kDenied);
  const Profile with = emitted({call("mprotect", {{2, 1, 7}}), call("mprotect", {{2, 5, 7}})});
  CHECK(ruling(with, call("mprotect", {{2, 7, 7}})) == Ruling::kAllowed);
}

TEST_CASE("packs bring what the platform needs, with reasons, and no more") {
  const auto plain = emit({call("read")});
  REQUIRE(plain.ok());
  CHECK(ruling(emitted({call("read")}), call("execve")) == Ruling::kAllowed);
  CHECK(ruling(emitted({call("read")}), call("setgroups")) == Ruling::kDenied);
  const Profile docker = emitted({call("read")}, {}, Platform::kDocker);
  CHECK(ruling(docker, call("setgroups")) == Ruling::kAllowed);
  CHECK(ruling(docker, call("prctl", {{0, 24, kInt}})) == Ruling::kAllowed);
  CHECK(ruling(docker, call("prctl", {{0, 22, kInt}})) == Ruling::kDenied);
  const Profile locked = emitted({call("read")}, {{"no-new-privs", "yes"}}, Platform::kDocker);
  CHECK(ruling(locked, call("setgroups")) == Ruling::kDenied);
  CHECK(ruling(locked, call("openat")) == Ruling::kAllowed);
  CHECK(std::any_of(plain->added.begin(), plain->added.end(), [](const std::string& line) {
    return line.find("execve") != std::string::npos && line.find("because") != std::string::npos;
  }));
  CHECK_FALSE(emit({call("read")}, {{"packs", "nonsense"}}).ok());
  CHECK(ruling(emitted({call("read")}, {{"packs", "musl"}}), call("writev")) == Ruling::kAllowed);
  CHECK(ruling(emitted({call("read")}), call("clock_gettime")) == Ruling::kAllowed);
  CHECK(ruling(emitted({call("read")}, {{"packs", "-vdso"}}), call("clock_gettime")) == Ruling::kDenied);
  CHECK_FALSE(emit({call("read")}, {{"packs", "-nonsense"}}).ok());
}

TEST_CASE("calls that depend on timing are granted beside those that were seen, said, and can be left out") {
  const std::vector<SyscallOp> shell = {call("wait4"), call("rt_sigaction")};
  CHECK(ruling(emitted(shell), call("rt_sigsuspend")) == Ruling::kAllowed);
  CHECK(ruling(emitted(shell, {{"timing", "off"}}), call("rt_sigsuspend")) == Ruling::kDenied);
  CHECK(ruling(emitted({call("wait4")}), call("rt_sigsuspend")) == Ruling::kDenied);
  const auto said = emit(shell);
  REQUIRE(said.ok());
  CHECK(std::any_of(said->added.begin(), said->added.end(), [](const std::string& line) {
    return line.starts_with("rt_sigprocmask rt_sigsuspend: not observed, granted because seen wait4; shells") &&
           line.ends_with("(timing)");
  }));
}

TEST_CASE("what timing grants bears its argument, and brings no more by itself") {
  const Profile threads = emitted({call("clone3"), call("futex")});
  CHECK(ruling(threads, call("mprotect", {{2, 3, 7}})) == Ruling::kAllowed);
  CHECK(ruling(threads, call("mprotect", {{2, 5, 7}})) == Ruling::kDenied);
  const Profile client = emitted({call("connect")});
  CHECK(ruling(client, call("getsockopt", {{1, 1, kInt}})) == Ruling::kAllowed);
  CHECK(ruling(client, call("getsockopt", {{1, 0, kInt}})) == Ruling::kDenied);
  CHECK(ruling(client, call("accept4")) == Ruling::kDenied);
}

TEST_CASE("twins keep a program alive on another libc, arguments and all") {
  const Profile profile = emitted({call("newfstatat"), call("mknodat", {{2, 0100000, 0170000}})});
  CHECK(ruling(profile, call("fstat")) == Ruling::kAllowed);
  CHECK(ruling(profile, call("mknod", {{1, 0100000, 0170000}})) == Ruling::kAllowed);
  CHECK(ruling(profile, call("mknod", {{1, 060000, 0170000}})) == Ruling::kDenied);
  const Profile bare = emitted({call("newfstatat")}, {{"twins", "off"}});
  CHECK(ruling(bare, call("fstat")) == Ruling::kDenied);
  const Profile threads = emitted({call("clone3")});
  CHECK(ruling(threads, call("clone", {{0, 0, 0x7e020000}})) == Ruling::kAllowed);
  CHECK(ruling(threads, call("clone", {{0, 0x10000000, 0x7e020000}})) == Ruling::kDenied);
}

TEST_CASE("compat ABIs are listed only when seen or asked for") {
  CHECK(emitted({call("read")}).architectures == std::vector{Arch::kX86_64});
  CHECK(emitted({call("read"), call("read", {}, Arch::kI386)}).architectures ==
        std::vector{Arch::kX86_64, Arch::kI386});
  CHECK(emitted({call("read")}, {{"compat", "1"}}).architectures ==
        std::vector{Arch::kX86_64, Arch::kI386, Arch::kX32});
}

TEST_CASE("actions: log and kill_process, and the profile to soak") {
  CHECK(emitted({call("read")}, {{"seccomp-action", "kill_process"}}).default_action == Action::kKillProcess);
  const Profile log = emitted({call("read")}, {{"seccomp-action", "log"}});
  CHECK(log.default_action == Action::kLog);
  CHECK(ruling(log, call("clone3")) == Ruling::kAllowed);
  CHECK(emitted({call("read")}, {{"log-denials", "1"}}).flags == std::vector<std::string>{"SECCOMP_FILTER_FLAG_LOG"});
  CHECK(emitted({call("read")}).flags.empty());
  const auto both = emit({call("read")}, {{"audit-first", "1"}});
  REQUIRE(both.ok());
  CHECK(file_of(*both, ".seccomp-audit.json").find("SCMP_ACT_LOG") != std::string::npos);
  CHECK(file_of(*both, ".seccomp.json").find("SCMP_ACT_LOG") == std::string::npos);
}

TEST_CASE("other ABIs get twins for what they lack, and the rest is said") {
  const auto emission = emit({call("open"), call("fork"), call("arch_prctl"), call("clone", {{0, 0, 0x7e020000}})},
                             {{"map-to", "aarch64,riscv64,s390x,ppc64le,arm,i386"}});
  REQUIRE(emission.ok());
  const std::string arm = file_of(*emission, ".aarch64.seccomp.json");
  CHECK(arm.find("\"openat\"") != std::string::npos);
  CHECK(arm.find("\"open\"") == std::string::npos);
  CHECK(arm.find("SCMP_ARCH_AARCH64") != std::string::npos);
  CHECK(file_of(*emission, ".s390x.seccomp.json").find("\"index\": 1,\n          \"value\": 2114060288") !=
        std::string::npos);
  CHECK(std::any_of(emission->summary.begin(), emission->summary.end(),
                    [](const std::string& line) { return line.find("arch_prctl on aarch64") == 0; }));
  CHECK_FALSE(emit({call("read")}, {{"map-to", "vax"}}).ok());
}

TEST_CASE("on every ABI each call of the native profile is there, has a twin there, or is said to have none") {
  std::vector<SyscallOp> ops;
  for (const std::string& name : names_on(Arch::kX86_64)) ops.push_back(call(name));
  const std::vector<Arch> targets = {Arch::kAarch64, Arch::kRiscv64, Arch::kS390x,
                                     Arch::kPpc64le, Arch::kArm,     Arch::kI386};
  const auto emission = emit(ops, {{"map-to", "aarch64,riscv64,s390x,ppc64le,arm,i386"}, {"arguments", "none"}});
  REQUIRE(emission.ok());
  const auto data = load_data("");
  REQUIRE(data.ok());
  for (const Arch target : targets) {
    const std::string machine(arch_info(target).name);
    Diagnostics diagnostics;
    const auto read = read_profile(file_of(*emission, "." + machine + ".seccomp.json"), "t", diagnostics);
    REQUIRE(read.ok());
    std::set<std::string> allowed;
    for (const SyscallRule& rule : read->profile.rules)
      if (rule.action == Action::kAllow) allowed.insert(rule.names.begin(), rule.names.end());
    std::size_t said = 0;
    for (const std::string& name : names_on(Arch::kX86_64)) {
      const bool lost = std::count(emission->summary.begin(), emission->summary.end(),
                                   name + " on " + machine + ": no such call, and no twin") == 1;
      said += lost;
      const bool twin = std::any_of((*data)->twins.begin(), (*data)->twins.end(), [&](const TwinRow& row) {
        return std::count(row.seen.begin(), row.seen.end(), name) > 0 &&
               std::any_of(row.grants.begin(), row.grants.end(),
                           [&](const std::string& grant) { return grant != name && allowed.contains(grant); });
      });
      INFO(name << " on " << machine);
      CHECK((allowed.contains(name) || twin) != lost);
    }
    CHECK(said > 0);
    CHECK(said < 120);
  }
}

TEST_CASE("what a twin allows on another ABI is not denied by errno there too") {
  const auto emission = emit({call("poll"), call("futex")}, {{"map-to", "arm"}});
  REQUIRE(emission.ok());
  Diagnostics diagnostics;
  const auto read = read_profile(file_of(*emission, ".arm.seccomp.json"), "t", diagnostics);
  REQUIRE(read.ok());
  std::map<std::string, std::set<Action>> actions;
  for (const SyscallRule& rule : read->profile.rules)
    for (const std::string& name : rule.names) actions[name].insert(rule.action);
  CHECK(actions["futex_time64"] == std::set<Action>{Action::kAllow});
  for (const auto& [name, found] : actions) {
    INFO(name);
    CHECK(found.size() == 1);
  }
}

TEST_CASE("calls without a name or unknown to libseccomp are reported, never silent") {
  SyscallOp nameless;
  nameless.number = 900;
  const auto emission = emit({nameless, call("call_of_the_future"), call("read"), call("read\"],\n- mount")},
                             {{"seccomp-format", "spo"}});
  REQUIRE(emission.ok());
  REQUIRE(emission->notes.size() == 3);
  CHECK(emission->notes[2].expression.fit == Fit::kNone);
  CHECK(file_of(*emission, ".seccompprofile.yaml").find("\n- mount") == std::string::npos);
  CHECK(emission->notes[0].expression.fit == Fit::kNone);
  CHECK(emission->notes[1].expression.fit == Fit::kNarrower);
}

TEST_CASE("a finished profile is decided as the chosen runtime compiles it, with the container's capabilities") {
  const Scratch scratch;
  const std::string path =
      scratch.write("p.json", R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64"}],
    "syscalls":[{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}]})");
  const auto why = [&](const SyscallOp& op, std::map<std::string, std::string> values) {
    BackendOptions options;
    options.values = std::move(values);
    Diagnostics diagnostics;
    const auto decider = seccomp_backend().read({path}, options, diagnostics);
    REQUIRE(decider.ok());
    Fact fact;
    fact.operation = op;
    const Decision decision = (*decider)->decide(fact);
    return decision.ruling == Ruling::kAllowed ? "allowed" : decision.why;
  };
  CHECK(why(call("statx"), {{"as", "crun"}}).find("EPERM") != std::string::npos);
  CHECK(why(call("statx"), {{"as", "runc"}, {"container-caps", "CAP_SYS_ADMIN"}}).find("ENOSYS") != std::string::npos);
  CHECK(why(call("mount"), {}).find("EPERM") != std::string::npos);
  CHECK(why(call("mount"), {{"container-caps", "CAP_SYS_ADMIN"}}) == "allowed");
}

TEST_CASE("property: order and repetition change nothing") {
  std::mt19937 random(1);
  for (int round = 0; round < 12; ++round) {
    auto ops = random_ops(random, 40);
    const auto once = emit(ops);
    std::shuffle(ops.begin(), ops.end(), random);
    const auto extra = ops;
    ops.insert(ops.end(), extra.begin(), extra.begin() + 10);
    const auto again = emit(ops);
    REQUIRE((once.ok() && again.ok()));
    CHECK(file_of(*once, ".seccomp.json") == file_of(*again, ".seccomp.json"));
  }
}

TEST_CASE("property: more facts never deny what fewer allowed, and every fact is allowed at every level") {
  std::mt19937 random(2);
  for (int round = 0; round < 8; ++round) {
    const auto ops = random_ops(random, 30);
    const std::vector<SyscallOp> few(ops.begin(), ops.begin() + 15);
    for (const char* level : {"none", "safe", "tight"}) {
      const Profile small = emitted(few, {{"arguments", level}});
      const Profile large = emitted(ops, {{"arguments", level}});
      for (const SyscallOp& op : ops) CHECK(ruling(large, op) == Ruling::kAllowed);
      const Reference before(small, Runtime::kPlain);
      const Reference after(large, Runtime::kPlain);
      for (const std::string& name : names_on(Arch::kX86_64)) {
        const auto number = static_cast<std::uint32_t>(*number_on(Arch::kX86_64, name));
        for (const auto& args : argument_classes(before.rules_of(Arch::kX86_64, number))) {
          const Call c{Arch::kX86_64, number, args};
          if (!before.ask(c).values.contains(SECCOMP_RET_ALLOW)) continue;
          INFO(level << " " << name);
          CHECK(after.ask(c).values.contains(SECCOMP_RET_ALLOW));
        }
      }
    }
  }
}

TEST_CASE("property: a tighter level never allows what a looser one denies") {
  std::mt19937 random(3);
  for (int round = 0; round < 6; ++round) {
    const auto ops = random_ops(random, 30);
    const Reference loose(emitted(ops), Runtime::kPlain);
    const Reference tight(emitted(ops, {{"arguments", "tight"}}), Runtime::kPlain);
    for (const std::string& name : names_on(Arch::kX86_64)) {
      const auto number = static_cast<std::uint32_t>(*number_on(Arch::kX86_64, name));
      for (const auto& args : argument_classes(loose.rules_of(Arch::kX86_64, number))) {
        const Call c{Arch::kX86_64, number, args};
        INFO(name);
        if (tight.ask(c).values.contains(SECCOMP_RET_ALLOW)) CHECK(loose.ask(c).values.contains(SECCOMP_RET_ALLOW));
      }
    }
  }
}

TEST_CASE("property: emitted, read and written again is the same text") {
  std::mt19937 random(4);
  for (const char* level : {"none", "safe", "tight"}) {
    const auto emission = emit(random_ops(random, 60), {{"arguments", level}}, Platform::kPodman);
    REQUIRE(emission.ok());
    Diagnostics diagnostics;
    const std::string text = file_of(*emission, ".seccomp.json");
    const auto read = read_profile(text, "emitted", diagnostics);
    REQUIRE(read.ok());
    CHECK(write_json(read->profile, Dialect::kOci) == text);
  }
}

TEST_CASE("the engines' defaults are judged beside the profile") {
  const auto data = load_data("");
  REQUIRE(data.ok());
  const auto references = reference_assessments(**data);
  REQUIRE(references.size() == 2);
  for (const Compared& reference : references) {
    CHECK(reference.assessment.allowed > 280);
    CHECK(reference.assessment.allowed < 340);
    CHECK_FALSE(reference.assessment.open_cves.empty());
  }
  const Assessment small = assess(emitted(typical()), **data);
  CHECK(small.allowed < 60);
  CHECK(small.open_cves.size() < references[0].assessment.open_cves.size());
  const Assessment open = assess(emitted({call("bpf", {{0, 5, kInt}})}), **data);
  CHECK(std::count(open.open_cves.begin(), open.open_cves.end(), "CVE-2020-8835") == 1);
  const Assessment shut = assess(emitted({call("bpf", {{0, 1, kInt}})}), **data);
  CHECK(std::count(shut.open_cves.begin(), shut.open_cves.end(), "CVE-2020-8835") == 0);
}

TEST_CASE("every name in the tables is one that libseccomp knows, and every row has its reason") {
  const auto loaded = load_data("");
  REQUIRE(loaded.ok());
  const Data& data = **loaded;
  const auto known = [](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      INFO(name);
      CHECK(is_known_name(name));
    }
  };
  for (const auto& [name, pack] : data.packs) {
    CHECK_FALSE(pack.source.empty());
    for (const PackRow& row : pack.rows) known(row.names);
  }
  for (const TwinRow& row : data.twins) known(row.seen), known(row.grants);
  for (const TimingRow& row : data.timings) known(row.seen), known(row.with), known(row.grants);
  CHECK_FALSE(data.timings.empty());
  for (const ErrnoRow& row : data.errnos) known(row.names);
  for (const RiskRow& row : data.risks) known(row.calls);
  for (const CveRow& row : data.cves)
    for (const CveNeed& need : row.needs) known(need.calls);
  CHECK(data.cves.size() >= 40);
}
