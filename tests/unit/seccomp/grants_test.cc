#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "seccomp/decide.h"
#include "seccomp/diff.h"
#include "seccomp/formats.h"
#include "seccomp/read.h"
#include "seccomp_testing.h"

// What a profile grants or denies beside what was seen: clone3 by way of clone, packs that the recording tells of,
// conditions by capability and machine.
namespace cordon::seccomp {
namespace {

constexpr std::uint64_t kThread = 0x3d0f00;  // glibc 2.36's pthread_create(3)
constexpr std::uint64_t kIntoCgroup = 0x200000000;
constexpr std::uint64_t kNamespaces = 0x7e020000;
constexpr std::uint64_t kNewUser = 0x10000000;

SyscallOp clone3(std::optional<std::uint64_t> flags) {
  SyscallOp op = call("clone3");
  op.clone_flags = flags;
  return op;
}

SyscallOp clone(std::uint64_t namespaces) { return call("clone", {{0, namespaces, kNamespaces}}); }

Profile made(const std::vector<Operation>& operations, Values values = {}, Platform platform = Platform::kTry) {
  auto emission = emit_all(operations, std::move(values), platform);
  REQUIRE(emission.ok());
  Diagnostics diagnostics;
  auto read = read_profile(file_of(*emission, ".seccomp.json"), "t", diagnostics);
  REQUIRE(read.ok());
  return read->profile;
}

Decision decided(const Profile& profile, const SyscallOp& op, bool always = false) {
  FilterDecider decider;
  decider.fall_back(*load_data(""), always);
  REQUIRE(decider.add_profile(profile, "p", {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc}).ok());
  return decider.decide(op);
}

bool tells(const Emission& emission, const std::string& words) {
  return std::any_of(emission.summary.begin(), emission.summary.end(),
                     [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

FileOp mapped(const std::string& path) {
  FileOp op;
  op.path = path;
  op.perms |= FilePerm::kMapExec;
  return op;
}

/// Calls of a few names with many arguments, some known in part only: more combinations than a filter bears.
std::vector<Operation> hostile_calls(std::mt19937& random) {
  const auto mask = [&] { return random() % 4 == 0 ? std::uint64_t{0xf} : std::uint64_t{0xffffffff}; };
  std::vector<Operation> out;
  for (std::size_t i = 0, count = 1 + random() % 150; i < count; ++i) {
    const std::uint64_t a = random() % 9, b = random() % 5, c = random() % 70;
    switch (random() % 5) {
      case 0: out.emplace_back(call("socket", {{0, a, 0xffffffff}, {1, b, 0xf}, {2, c, mask()}})); break;
      case 1:
        out.emplace_back(call("mmap", {{2, a % 8, random() % 5 == 0 ? std::uint64_t{4} : std::uint64_t{7}}}));
        break;
      case 2: out.emplace_back(call("setsockopt", {{1, a, mask()}, {2, c, 0xffffffff}})); break;
      case 3: out.emplace_back(call("ioctl", {{1, c, 0xffffffff}})); break;
      default: out.emplace_back(clone3(random() % 3 == 0 ? std::optional<std::uint64_t>{} : std::optional(kThread)));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("a narrower option never widens, whatever was seen") {
  const std::vector<std::vector<Values>> ladders = {
      {{{"arguments", "tight"}}, {{"arguments", "safe"}}, {{"arguments", "none"}}},
      {{{"twins", "off"}, {"clone3", "allow"}}, {{"clone3", "allow"}}},
      {{{"clone3", "fallback"}}, {{"clone3", "auto"}}, {{"clone3", "allow"}}},
      {{{"packs", "none"}, {"arguments", "tight"}},
       {{"packs", "auto"}, {"arguments", "tight"}},
       {{"packs", "auto,glibc"}, {"arguments", "tight"}}}};
  std::mt19937 random(20);
  for (int round = 0; round < 12; ++round) {
    const auto seen = hostile_calls(random);
    for (const auto& ladder : ladders)
      for (std::size_t i = 0; i + 1 < ladder.size(); ++i) {
        const Diff diff = diff_profiles(made(seen, ladder[i]), made(seen, ladder[i + 1]), Runtime::kCrun);
        const auto lost =
            std::find_if(diff.changes.begin(), diff.changes.end(), [](const Change& c) { return c.shrinks(); });
        INFO("round " << round << ", " << ladder[i].begin()->first << " " << ladder[i].begin()->second);
        INFO((lost == diff.changes.end() ? "" : to_text(*lost)));
        CHECK(lost == diff.changes.end());
      }
  }
}

TEST_CASE("a clone3 of glibc's is answered ENOSYS, and its clone granted without namespaces") {
  const Profile profile = made({clone3(kThread), clone3(0x4100)});
  const Decision thread = decided(profile, clone3(kThread));
  CHECK(thread.ruling == Ruling::kAllowed);
  CHECK(thread.remark.find("pthread_create(3) falls back to clone") != std::string::npos);
  CHECK(decided(profile, clone3(std::nullopt)).ruling == Ruling::kDenied);
  CHECK(decided(profile, clone(0)).ruling == Ruling::kAllowed);
  CHECK(decided(profile, clone(kNewUser)).ruling == Ruling::kDenied);
  CHECK(decided(made({clone3(kThread)}, {{"twins", "off"}}), clone(0)).ruling == Ruling::kAllowed);
  const auto emission = emit_all({clone3(kThread)});
  REQUIRE(emission.ok());
  CHECK(tells(*emission, "clone3 is answered ENOSYS"));
  CHECK(std::any_of(emission->added.begin(), emission->added.end(), [](const std::string& line) {
    return line.starts_with("clone (by argument): not observed, granted because seen clone3");
  }));
}

TEST_CASE("a clone3 whose maker is not known to fall back is allowed whole, and said to be") {
  for (const auto flags :
       {std::optional<std::uint64_t>{}, std::optional(kThread | kNewUser), std::optional(kIntoCgroup | 0x4100)}) {
    const std::vector<Operation> seen = {clone3(kThread), clone3(flags)};
    const Profile profile = made(seen);
    const Decision decision = decided(profile, clone3(flags));
    CHECK(decision.ruling == Ruling::kAllowed);
    CHECK(decision.remark.empty());
    const auto emission = emit_all(seen);
    REQUIRE(emission.ok());
    CHECK(tells(*emission, "a filter cannot see the flags of clone3: it is allowed whole"));
    CHECK(emission->notes.size() >= 2);
  }
}

TEST_CASE("--clone3 decides otherwise: allow, and fallback for any caller with the flags that were seen") {
  const Profile whole = made({clone3(kThread)}, {{"clone3", "allow"}});
  CHECK(decided(whole, clone3(kThread)).remark.empty());
  CHECK(decided(whole, clone3(std::nullopt)).ruling == Ruling::kAllowed);
  const Profile forced = made({clone3(kNewUser)}, {{"clone3", "fallback"}});
  CHECK(decided(forced, clone3(kNewUser)).ruling == Ruling::kDenied);
  CHECK(decided(forced, clone3(kNewUser), true).ruling == Ruling::kAllowed);
  CHECK(decided(forced, clone(kNewUser)).ruling == Ruling::kAllowed);
  CHECK(decided(made({clone3(std::nullopt)}, {{"clone3", "fallback"}}), clone3(std::nullopt), true).ruling ==
        Ruling::kAllowed);
  CHECK(decided(made({clone3(kThread)}, {{"arguments", "none"}}), clone3(std::nullopt)).ruling == Ruling::kAllowed);
  CHECK_FALSE(emit_all({clone3(kThread)}, {{"clone3", "perhaps"}}).ok());
}

TEST_CASE("a caller that falls back to a clone that is denied is denied, and why is said") {
  Profile profile = made({clone3(kThread), call("read")});
  for (SyscallRule& rule : profile.rules) std::erase(rule.names, "clone");
  std::erase_if(profile.rules, [](const SyscallRule& rule) { return rule.names.empty(); });
  const Decision decision = decided(profile, clone3(kThread));
  CHECK(decision.ruling == Ruling::kDenied);
  CHECK(decision.why.find("falls back to clone, of which the filter") != std::string::npos);
}

TEST_CASE("the profile to soak and the one that only logs let clone3 run") {
  const auto both = emit_all({clone3(kThread)}, {{"audit-first", "1"}});
  REQUIRE(both.ok());
  Diagnostics diagnostics;
  auto soak = read_profile(file_of(*both, ".seccomp-audit.json"), "t", diagnostics);
  REQUIRE(soak.ok());
  const auto names_clone3 = [](const SyscallRule& rule) {
    return rule.action == Action::kAllow && std::count(rule.names.begin(), rule.names.end(), "clone3") == 1;
  };
  CHECK(std::count_if(soak->profile.rules.begin(), soak->profile.rules.end(), names_clone3) == 1);
}

TEST_CASE("a base that gives clone3 another errno is made to give ENOSYS") {
  const Scratch scratch;
  const std::string base =
      scratch.write("base.json", R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],
    "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]})");
  CHECK(decided(made({clone3(kThread)}, {{"base", base}}), clone3(kThread)).ruling == Ruling::kAllowed);
}

TEST_CASE("the libc and the language that the recording shows bring their packs, and no executable memory") {
  const Operation write = call("mmap", {{2, 3, 7}});
  const auto emission =
      emit_all({write, mapped("/usr/lib/x86_64-linux-gnu/libc.so.6"), mapped("/usr/lib/libpython3.11.so.1.0")});
  REQUIRE(emission.ok());
  CHECK(tells(*emission, "glibc (/usr/lib/x86_64-linux-gnu/libc.so.6), python (/usr/lib/libpython3.11.so.1.0)"));
  CHECK(std::any_of(emission->added.begin(), emission->added.end(), [](const std::string& line) {
    return line.find("madvise") != std::string::npos &&
           line.find("not observed, granted because") != std::string::npos && line.ends_with("(pack glibc)");
  }));
  const Profile profile = made({write, mapped("/lib/x86_64-linux-gnu/libc.so.6")});
  CHECK(decided(profile, call("madvise")).ruling == Ruling::kAllowed);
  CHECK(decided(profile, call("mprotect", {{2, 1, 7}})).ruling == Ruling::kAllowed);
  CHECK(decided(profile, call("mmap", {{2, 5, 7}})).ruling == Ruling::kDenied);
  CHECK(decided(profile, call("tgkill", {{2, 6, 0xffffffff}})).ruling == Ruling::kAllowed);
  CHECK(decided(profile, call("tgkill", {{2, 9, 0xffffffff}})).ruling == Ruling::kDenied);
}

TEST_CASE("packs are told by what was mapped or run, and can be left out") {
  const Operation libc = mapped("/lib/ld-musl-x86_64.so.1");
  CHECK(decided(made({libc}), call("writev")).ruling == Ruling::kAllowed);
  CHECK(decided(made({libc}, {{"packs", "-musl"}}), call("writev")).ruling == Ruling::kDenied);
  const Profile none = made({libc, call("write")}, {{"packs", "none"}});
  CHECK(decided(none, call("exit_group")).ruling == Ruling::kDenied);
  CHECK(decided(none, call("write")).ruling == Ruling::kAllowed);
  CHECK(decided(made({libc}, {{"packs", "none,musl"}}), call("writev")).ruling == Ruling::kAllowed);
  FileOp looked_at;
  looked_at.path = "/lib/ld-musl-x86_64.so.1";
  CHECK(decided(made({looked_at}), call("writev")).ruling == Ruling::kDenied);
  FileOp read;
  read.path = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
  read.perms |= FilePerm::kRead;
  CHECK(decided(made({read}), call("epoll_pwait")).ruling == Ruling::kAllowed);
}

TEST_CASE("Docker's form excludes by capability what then gives ENOSYS, and by machine where that is shorter") {
  CapabilityOp capability;
  capability.name = "sys_admin";
  const std::vector<Operation> seen = {call("fsopen"), call("mount"), call("open"), call("read"), capability};
  const auto emission = emit_all(seen, {{"seccomp-format", "docker"}, {"map-to", "aarch64,s390x,ppc64le"}});
  REQUIRE(emission.ok());
  Diagnostics diagnostics;
  const auto read = read_profile(file_of(*emission, ".docker.json"), "t", diagnostics);
  REQUIRE(read.ok());
  const auto without = [&](const std::string& name, const std::set<std::string>& caps) {
    Host host;
    host.arch = Arch::kX86_64;
    host.caps = caps;
    return decided(resolved(read->profile, host), call(name));
  };
  CHECK(without("fsopen", {"CAP_SYS_ADMIN"}).ruling == Ruling::kAllowed);
  CHECK(without("fsopen", {}).why.find("ENOSYS") != std::string::npos);
  CHECK(without("mount", {}).why.find("EPERM") != std::string::npos);
  const auto excluded_from = [&](const std::string& name) {
    for (const SyscallRule& rule : read->profile.rules)
      if (std::count(rule.names.begin(), rule.names.end(), name) > 0) return rule.excludes.arches;
    return std::vector<std::string>{"nowhere"};
  };
  CHECK(excluded_from("open") == std::vector<std::string>{"arm64"});
  CHECK(excluded_from("read").empty());
}

TEST_CASE("Docker's form asks for no capability that the program was not seen to use") {
  const auto emission = emit_all({call("adjtimex"), call("mount")}, {{"seccomp-format", "docker"}});
  REQUIRE(emission.ok());
  CHECK(file_of(*emission, ".docker.json").find("CAP_SYS") == std::string::npos);
}

}  // namespace cordon::seccomp
