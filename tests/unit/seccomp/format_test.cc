#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "seccomp/diff.h"
#include "seccomp/formats.h"
#include "seccomp/read.h"
#include "seccomp_testing.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

constexpr std::uint64_t kInt = 0xffffffff;

std::vector<SyscallOp> sample() {
  return {call("read"),
          call("write"),
          call("mount"),
          call("ptrace", {{0, 0, kInt}}),
          call("clone", {{0, 0, 0x7e020000}}),
          call("socket", {{0, 1, kInt}, {1, 1, 0xf}}),
          call("socket", {{0, 2, kInt}, {1, 2, 0xf}}),
          call("ioctl", {{1, 0x5413, kInt}}),
          call("exit_group"),
          call("mprotect", {{2, 1, 7}})};
}

Emission in_format(const std::string& format) {
  CapabilityOp capability;  // that the mount was seen to use
  capability.name = "sys_admin";
  const auto calls = sample();
  std::vector<Operation> seen(calls.begin(), calls.end());
  seen.emplace_back(capability);
  auto emission = emit_all(seen, {{"seccomp-format", format}});
  INFO(format);
  REQUIRE(emission.ok());
  return std::move(*emission);
}

std::string rendered(const std::string& format) {
  return file_of(in_format(format), std::string(format_named(format)->suffix));
}

Profile parsed(const std::string& text) {
  Diagnostics diagnostics;
  auto read = read_profile(text, "t", diagnostics);
  REQUIRE(read.ok());
  Host host;
  host.arch = Arch::kX86_64;
  host.caps = default_caps();
  host.caps.insert("CAP_SYS_ADMIN");
  return resolved(read->profile, host);
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

int run(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }

}  // namespace

TEST_CASE("every form that holds argument filters means what the OCI form means") {
  const Profile oci = parsed(file_of(in_format("oci"), ".seccomp.json"));
  for (const char* format : {"containerd", "kubernetes", "docker", "podman", "spo"}) {
    INFO(format);
    const Diff diff = diff_profiles(oci, parsed(rendered(format)), Runtime::kCrun);
    CHECK(diff.same());
    if (!diff.same()) UNSCOPED_INFO(to_text(diff.changes.front()));
  }
}

TEST_CASE("Docker's form allows what needs a capability only where the container has it") {
  const std::string docker = rendered("docker");
  Diagnostics diagnostics;
  auto read = read_profile(docker, "t", diagnostics);
  REQUIRE(read.ok());
  Host host;
  host.arch = Arch::kX86_64;
  host.caps = default_caps();
  const Diff diff = diff_profiles(parsed(docker), resolved(read->profile, host), Runtime::kCrun);
  REQUIRE(diff.changes.size() == 1);
  CHECK(diff.changes.front().name == "mount");
  CHECK(docker.find("\"minKernel\": \"4.8\"") != std::string::npos);
}

TEST_CASE(
    "Docker's form holds other machines' calls under their names, and means there what the mapped profile means") {
  std::vector<SyscallOp> ops = sample();
  ops.push_back(call("open"));
  ops.push_back(call("ptrace", {{0, 0, kInt}}));
  const auto emission = emit(
      ops,
      {{"seccomp-format", "docker"}, {"map-to", "aarch64,s390x"}, {"container-caps", "CAP_SYS_ADMIN,CAP_SYS_PTRACE"}});
  REQUIRE(emission.ok());
  Diagnostics diagnostics;
  const auto docker = read_profile(file_of(*emission, ".docker.json"), "t", diagnostics);
  REQUIRE(docker.ok());
  CHECK(docker->profile.arch_map.size() == 3);
  const auto not_on = [&](const char* name) {
    for (const SyscallRule& rule : docker->profile.rules)
      if (rule.names == std::vector<std::string>{name} || std::count(rule.names.begin(), rule.names.end(), name) > 0)
        return rule.excludes.arches;
    return std::vector<std::string>{"nowhere"};
  };
  CHECK(not_on("open") == std::vector<std::string>{"arm64"});
  CHECK(not_on("read").empty());
  for (const auto& [suffix, machine] :
       {std::pair{".seccomp.json", Arch::kX86_64}, std::pair{".aarch64.seccomp.json", Arch::kAarch64},
        std::pair{".s390x.seccomp.json", Arch::kS390x}}) {
    Host host;
    host.arch = machine;
    for (const char* cap : {"CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_MODULE", "CAP_BPF", "CAP_SYS_BOOT",
                            "CAP_SYS_TIME", "CAP_SYSLOG", "CAP_SYS_RAWIO", "CAP_PERFMON", "CAP_NET_ADMIN",
                            "CAP_DAC_READ_SEARCH", "CAP_SYS_PACCT", "CAP_SYS_NICE", "CAP_SYS_TTY_CONFIG"})
      host.caps.insert(cap);
    const auto plain = read_profile(file_of(*emission, suffix), "t", diagnostics);
    REQUIRE(plain.ok());
    const Diff diff = diff_profiles(plain->profile, resolved(docker->profile, host), Runtime::kCrun, machine);
    INFO(suffix << (diff.same() ? "" : to_text(diff.changes.front())));
    CHECK(diff.same());
  }
}

TEST_CASE("systemd's drop-in holds the calls, the ABI, the families and the namespaces") {
  const std::string text = rendered("systemd");
  CHECK(has_line(text, "SystemCallArchitectures=native"));
  CHECK(has_line(text, "RestrictAddressFamilies=AF_INET AF_UNIX"));
  CHECK(has_line(text, "RestrictNamespaces=yes"));
  CHECK(has_line(text, "LockPersonality=yes"));
  CHECK(text.find("exit_group") != std::string::npos);
}

TEST_CASE(
    "systemd's drop-in denies with ENOSYS what libraries fall back from, after the allowed, and the rest with EPERM") {
  const std::string text = rendered("systemd");
  CHECK(has_line(text, "SystemCallFilter=~openat2:ENOSYS"));
  CHECK(has_line(text, "SystemCallErrorNumber=EPERM"));
  CHECK(text.find("SystemCallFilter=~") > text.rfind("exit_group"));
  CHECK(text.find("~read:") == std::string::npos);
}

TEST_CASE("systemd takes every line of the drop-in") {
  if (run("command -v systemd-analyze >/dev/null 2>&1") != 0) {
    WARN("skipped: systemd-analyze is not installed");
    return;
  }
  const Scratch scratch;
  const auto complaints = [&](const std::string& lines) {
    scratch.write("t.service", "[Service]\nExecStart=/bin/true\n" + lines);
    return run("test -n \"$(systemd-analyze verify " + scratch.path() + "/t.service 2>&1)\"") == 0;
  };
  const std::string text = rendered("systemd");
  CHECK(complaints("SystemCallFilter=no_such_call\n"));
  CHECK_FALSE(complaints(text.substr(text.find("[Service]\n") + 10)));
}

TEST_CASE("minijail's policy says exact words and empty masks, and errnos") {
  const std::string text = rendered("minijail");
  CHECK(has_line(text, "read: 1"));
  CHECK(has_line(text, "clone: arg0 in 0xffffffff81fdffff"));
  CHECK(has_line(text, "socket: arg0 == 0x1 || arg0 == 0x2"));
  CHECK(has_line(text, "clone3: return 38"));
}

TEST_CASE("firejail's lines list the calls, and what they cannot say is told") {
  const Emission emission = in_format("firejail");
  CHECK(file_of(emission, ".firejail.inc").find(",clone,") != std::string::npos);
  CHECK(std::any_of(emission.summary.begin(), emission.summary.end(), [](const std::string& line) {
    return line.find("firejail has no argument filters") != std::string::npos;
  }));
  CHECK(file_of(emission, ".firejail.inc").find("# One errno for all that is denied") != std::string::npos);
  CHECK(std::any_of(emission.summary.begin(), emission.summary.end(), [](const std::string& line) {
    return line.find("firejail has one errno for all that is denied: ENOSYS") != std::string::npos;
  }));
}

TEST_CASE("the C function makes the very program that we make") {
  if (run("command -v cc >/dev/null && echo '#include <seccomp.h>' | cc -E - >/dev/null 2>&1") != 0) {
    WARN("skipped: no C compiler with libseccomp's header");
    return;
  }
  const Scratch scratch;
  const std::string source = rendered("libseccomp");
  // Instead of loading it, the test writes the program out.
  std::string testing = source;
  const std::string load = "rc = seccomp_load(ctx);";
  testing.replace(testing.find(load), load.size(), "rc = seccomp_export_bpf(ctx, 1);");
  scratch.write("f.c", testing + "int main(void) { return demo_load_filter() != 0; }\n");
  scratch.write("plain.c", source);
  CHECK(run("cc -Wall -Wextra -Werror -c -o /dev/null " + scratch.path() + "/plain.c") == 0);
  REQUIRE(run("cc -o " + scratch.path() + "/f " + scratch.path() + "/f.c -lseccomp && " + scratch.path() + "/f >" +
              scratch.path() + "/bpf") == 0);
  std::ifstream file(scratch.path() + "/bpf", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  CHECK(bytes.str() == rendered("bpf"));
}

TEST_CASE("the raw program decides as the profile does") {
  const Scratch scratch;
  const std::string path = scratch.write("demo.bpf", rendered("bpf"));
  Diagnostics diagnostics;
  auto decider = seccomp_backend().read({path}, {}, diagnostics);
  REQUIRE(decider.ok());
  const auto ruling = [&](const SyscallOp& op) {
    Fact fact;
    fact.operation = op;
    return (*decider)->decide(fact).ruling;
  };
  for (const SyscallOp& op : sample()) CHECK(ruling(op) == Ruling::kAllowed);
  CHECK(ruling(call("socket", {{0, 38, kInt}})) == Ruling::kDenied);
  CHECK(ruling(call("socket")) == Ruling::kCannotTell);
  CHECK(ruling(call("acct")) == Ruling::kDenied);
}
