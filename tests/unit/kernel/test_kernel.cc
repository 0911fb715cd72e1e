#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <catch2/catch.hpp>

#include <string>

#include "kernel/arch.h"
#include "kernel/names.h"
#include "kernel/syscall_table.h"
#include "kernel/syscalls.h"

using namespace cordon;

TEST_CASE("arches are found by each of their names") {
  for (int i = 0; i <= static_cast<int>(Arch::kPpc64le); ++i) {
    const auto arch = static_cast<Arch>(i);
    const ArchInfo& info = arch_info(arch);
    CHECK(info.arch == arch);
    CHECK(arch_from_name(info.name) == arch);
    CHECK(arch_from_oci(info.oci_name) == arch);
    CHECK(arch_from_audit(info.audit_arch, arch == Arch::kX32 ? 0x40000000 : 0) == arch);
  }
  CHECK_FALSE(arch_from_name("vax"));
}

TEST_CASE("syscall numbers are those that the compiler's headers have") {
  CHECK(syscall_number(native_arch(), "openat") == SYS_openat);
  CHECK(syscall_name(native_arch(), SYS_execve) == "execve");
  CHECK(syscall_number(Arch::kI386, "stat64") == 195);
  CHECK(syscall_number(Arch::kI386, "mmap2") == 192);
  CHECK(syscall_number(Arch::kX32, "openat") == (0x40000000 | 257));
  CHECK(syscall_name(Arch::kX86_64, 452) == "fchmodat2");
  CHECK(syscall_name(Arch::kX86_64, 100000).empty());
  CHECK(syscall_name(Arch::kX86_64, -1).empty());
}

TEST_CASE("every name of every arch goes to its number and back") {
  for (int i = 0; i <= static_cast<int>(Arch::kPpc64le); ++i) {
    const auto arch = static_cast<Arch>(i);
    CHECK(all_syscalls(arch).size() > 250);
    for (const std::string_view name : all_syscalls(arch)) {
      const auto number = syscall_number(arch, name);
      REQUIRE(number);
      CHECK(syscall_name(arch, *number) == name);
    }
  }
}

TEST_CASE("every row of the table is a call of some arch") {
  int rows = 0;
  for (const std::string_view name : all_syscalls(Arch::kX86_64))
    rows += syscall_info(Arch::kX86_64, name).name == name;
  CHECK(rows > 180);
  CHECK(syscall_info(Arch::kX86_64, "getpid").name.empty());
}

TEST_CASE("a path's directory argument stands before it") {
  const SyscallInfo& row = syscall_info(Arch::kX86_64, "renameat2");
  CHECK(row.args[0] == ArgKind::kDirfd);
  CHECK(row.args[1] == ArgKind::kPath);
  CHECK(row.uses[1].access == Access::kRenameTo);
  for (int i = 0; i <= static_cast<int>(Arch::kPpc64le); ++i)
    for (const std::string_view name : all_syscalls(static_cast<Arch>(i))) {
      const SyscallInfo& info = syscall_info(static_cast<Arch>(i), name);
      for (std::size_t arg = 0; arg < 6; ++arg)
        if (info.args[arg] == ArgKind::kDirfd) CHECK(info.args.at(arg + 1) == ArgKind::kPath);
      for (const Use& use : info.uses)
        if (use.access != Access::kNone)
          CHECK((info.args[use.arg] == ArgKind::kPath || info.args[use.arg] == ArgKind::kFd));
    }
}

TEST_CASE("policy positions follow from the arguments' kinds") {
  const PolicyPositions socket = policy_positions(syscall_info(Arch::kX86_64, "socket"));
  REQUIRE(socket.count == 3);
  CHECK(socket.at[1].mask == 0xf);
  CHECK(policy_positions(syscall_info(Arch::kX86_64, "clone")).at[0].mask == 0x7e020000);
  CHECK(policy_positions(syscall_info(Arch::kS390x, "clone")).at[0].index == 1);
  CHECK(policy_positions(syscall_info(Arch::kX86_64, "mmap")).at[0].index == 2);
  CHECK(policy_positions(syscall_info(Arch::kI386, "mmap")).count == 0);
  CHECK(policy_positions(syscall_info(Arch::kX86_64, "read")).count == 0);
}

TEST_CASE("errno and signal names agree with the C library") {
  for (int number = 1; number < 134; ++number) {
    if (strerrorname_np(number) == nullptr) continue;
    CHECK(errno_name(number) == strerrorname_np(number));
    CHECK(errno_number(errno_name(number)) == number);
  }
  for (int number = 1; number < 32; ++number) {
    CHECK(signal_number(signal_name(number)) == number);
    if (sigabbrev_np(number) == nullptr || number == SIGPOLL) continue;
    CHECK(strcasecmp(signal_name(number).c_str(), sigabbrev_np(number)) == 0);
  }
  CHECK(signal_name(0) == "exists");
  CHECK(signal_name(34) == "rtmin+2");
  CHECK(signal_number("rtmin+2") == 34);
  CHECK_FALSE(signal_number("rtmin+99"));
  CHECK(errno_name(4000) == "4000");
}

TEST_CASE("flags come out as words and nothing is lost") {
  CHECK(mount_flag_words(MS_BIND | MS_REC | MS_RDONLY) == std::vector<std::string>{"rbind", "ro"});
  CHECK(mount_flag_words(0xc0ed0000 | MS_NOSUID) == std::vector<std::string>{"nosuid"});
  CHECK(mount_flag_words(std::uint64_t{1} << 40) == std::vector<std::string>{"0x10000000000"});
  CHECK(mount_flag_number("rprivate") == (MS_PRIVATE | MS_REC));
  CHECK(mount_flag_number("ro") == MS_RDONLY);
  CHECK(open_flags_text(O_RDWR | O_CREAT | O_CLOEXEC) == "O_RDWR|O_CREAT|O_CLOEXEC");
  CHECK(namespace_kinds(CLONE_NEWUSER | CLONE_NEWNS) == std::vector<std::string>{"mount", "user"});
  CHECK(capability_name(10) == "net_bind_service");
  CHECK(capability_number("checkpoint_restore") == 40u);
  CHECK(socket_protocol_name(AF_NETLINK, 0) == "route");
  CHECK(socket_protocol_name(AF_INET6, 6) == "tcp");
  CHECK(socket_family_name(77) == "77");
  CHECK(socket_family_number("77") == 77);
}
