#include <sys/ptrace.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "seccomp/data.h"
#include "seccomp/names.h"
#include "seccomp/reference.h"
#include "seccomp/write.h"
#include "seccomp_testing.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

constexpr int kGetFilter =
    0x420c;  // linux/ptrace.h PTRACE_SECCOMP_GET_FILTER; that header and sys/ptrace.h exclude each other

/// The filter that the kernel holds for a process (PTRACE_SECCOMP_GET_FILTER; needs CAP_SYS_ADMIN).
BpfProgram loaded_filter(pid_t pid) {
  BpfProgram program;
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) return program;
  ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  int status = 0;
  waitpid(pid, &status, __WALL);
  const long count = ptrace(static_cast<__ptrace_request>(kGetFilter), pid, 0, nullptr);
  if (count > 0) {
    program.resize(static_cast<std::size_t>(count));
    ptrace(static_cast<__ptrace_request>(kGetFilter), pid, 0, program.data());
  }
  ptrace(PTRACE_DETACH, pid, 0, 0);
  return program;
}

pid_t process_with(const std::string& command_line) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto pid = parse_number<int>(entry.path().filename().string());
    if (!pid) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::ostringstream line;  // whose << takes a process that has ended for an end of its file
    line << file.rdbuf();
    if (line.str() == command_line) return *pid;
  }
  return 0;
}

/// Starts a container that sleeps under the profile, and takes its filter from the kernel.
BpfProgram filter_in_container(const std::string& engine, const std::string& profile, const std::string& seconds) {
  const std::string script = std::string(CORDON_SOURCE_DIR) + "/tests/e2e/containers/container.py";
  const pid_t runner = fork();
  if (runner == 0) {
    execl("/usr/bin/python3", "python3", "-B", script.c_str(), "--engine", engine.c_str(), "--seccomp", profile.c_str(),
          "--", "/bin/busybox", "sleep", seconds.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  const std::string wanted = std::string("/bin/busybox") + '\0' + "sleep" + '\0' + seconds + '\0';
  pid_t payload = 0;
  for (int i = 0; i < 200 && payload == 0; ++i) {
    usleep(50'000);
    payload = process_with(wanted);
    if (payload == 0 && waitpid(runner, nullptr, WNOHANG) == runner) return {};
  }
  const BpfProgram program = payload != 0 ? loaded_filter(payload) : BpfProgram{};
  kill(payload != 0 ? payload : runner, SIGKILL);
  waitpid(runner, nullptr, 0);
  return program;
}

std::string why_not(const std::string& engine) {
  if (geteuid() != 0) return "needs root";
  if (std::system(("command -v " + engine + " busybox python3 >/dev/null").c_str()) != 0)
    return engine + " or busybox is missing";
  return {};
}

/// Both programs on every call of every ABI and on the boundaries of every condition.
void compare(const BpfProgram& theirs, const BpfProgram& ours, const Profile& profile, Runtime runtime) {
  const Reference reference(profile, runtime);
  std::size_t compared = 0;
  for (const Arch arch : {Arch::kX86_64, Arch::kI386, Arch::kX32})
    for (int i = 0; i < 700; ++i) {
      const auto number = static_cast<std::uint32_t>(i) | (arch == Arch::kX32 ? 0x40000000U : 0U);
      for (const auto& args : argument_classes(reference.rules_of(arch, number))) {
        const seccomp_data data = data_of({arch, number, args});
        const std::uint32_t expected = run_bpf(theirs, data).value;
        ++compared;
        if (run_bpf(ours, data).value == expected) continue;
        INFO(arch_info(arch).name << " " << number << ": the kernel's filter does " << describe_value(expected));
        CHECK(run_bpf(ours, data).value == expected);
      }
    }
  CHECK(compared > 2000);
}

void check_engine(const std::string& engine, Runtime runtime, const Profile& profile, const std::string& seconds) {
  const Scratch scratch;
  const std::string path = scratch.write("p.json", write_json(profile, Dialect::kOci));
  const BpfProgram theirs = filter_in_container(engine, path, seconds);
  if (theirs.empty()) {
    WARN("skipped: no filter could be read from a container of " << engine);
    return;
  }
  REQUIRE(check_bpf(theirs).ok());
  const auto ours = compile(profile, runtime);
  REQUIRE(ours.ok());
  if (runtime == Runtime::kCrun) CHECK(bpf_bytes(theirs) == bpf_bytes(ours->program));
  compare(theirs, ours->program, profile, runtime);
}

std::vector<Profile> profiles() {
  std::vector<Profile> out;
  const auto data = load_data("");
  REQUIRE(data.ok());
  for (const ReferenceProfile& reference : (*data)->references) out.push_back(reference.profile);
  const auto emission = emit(
      {call("read"), call("nanosleep"), call("clock_nanosleep"), call("brk"), call("mmap"), call("getuid"),
       call("arch_prctl"), call("set_tid_address"), call("set_robust_list"), call("rseq"), call("prlimit64"),
       call("readlink"), call("getrandom"), call("mprotect"), call("futex"), call("ioctl", {{1, 0x5401, 0xffffffff}}),
       call("prctl", {{0, 15, 0xffffffff}}), call("socket", {{0, 1, 0xffffffff}, {1, 1, 0xf}})},
      {{"arguments", "tight"}}, Platform::kDocker);
  REQUIRE(emission.ok());
  Diagnostics diagnostics;
  const auto read = read_profile(file_of(*emission, ".seccomp.json"), "t", diagnostics);
  REQUIRE(read.ok());
  out.push_back(read->profile);
  return out;
}

}  // namespace

TEST_CASE("crun loads the very program that we compile for it") {
  if (const std::string why = why_not("crun"); !why.empty()) {
    WARN("skipped: " << why);
    return;
  }
  int seconds = 1000 * getpid() + 1;  // tells this run's containers from those of another
  for (const Profile& profile : profiles()) check_engine("crun", Runtime::kCrun, profile, std::to_string(seconds++));
}

TEST_CASE("runc loads a program that does what ours does, ENOSYS prologue and all") {
  if (const std::string why = why_not("runc"); !why.empty()) {
    WARN("skipped: " << why);
    return;
  }
  int seconds = 1000 * getpid() + 101;
  for (const Profile& profile : profiles()) check_engine("runc", Runtime::kRunc, profile, std::to_string(seconds++));
}
