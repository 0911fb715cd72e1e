#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cerrno>
#include <cstring>

#include <cstdio>
#include <fstream>

#include "facts/trace_io.h"
#include "ptrace/filter.h"
#include "ptrace/flat_table.h"
#include "ptrace/known.h"
#include "ptrace/mounts.h"
#include "ptrace/paths.h"
#include "ptrace/siphash.h"

using namespace cordon;

namespace {

struct IntKey {
  std::uint64_t value = 0;
  bool operator==(const IntKey&) const = default;
  std::uint64_t hash() const { return value % 7; }  // collides on purpose
};

/// What the filter answers, by the instructions that recorder_filter uses.
std::uint32_t decide(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& step = program[pc];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS: memcpy(&accumulator, reinterpret_cast<const char*>(&data) + step.k, 4); break;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: pc += accumulator == step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JA: pc += step.k; break;
      case BPF_RET | BPF_K: return step.k;
      default: FAIL("unexpected instruction");
    }
  }
  FAIL("the program ran out");
  return 0;
}

SyscallOp call(std::string name, std::vector<ArgPredicate> args = {}) {
  SyscallOp op;
  op.name = std::move(name);
  op.args = std::move(args);
  return op;
}

struct Folder {
  std::string path;
  Folder() {
    char pattern[] = "/tmp/cordon-unit-XXXXXX";
    path = mkdtemp(pattern);
  }
  ~Folder() { REQUIRE(system(("rm -rf " + path).c_str()) == 0); }
};

}  // namespace

TEST_CASE("the flat table keeps what was put in, through growth and collisions") {
  FlatTable<IntKey, int> table(8);
  for (std::uint64_t i = 0; i < 1000; ++i) table.insert({i}) = static_cast<int>(i * 3);
  CHECK(table.size() == 1000);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    REQUIRE(table.find({i}) != nullptr);
    CHECK(*table.find({i}) == static_cast<int>(i * 3));
  }
  CHECK(table.find({1000}) == nullptr);
}

TEST_CASE("siphash tells texts apart and is steady within a run") {
  CHECK(siphash128("a") == siphash128("a"));
  CHECK_FALSE(siphash128("a") == siphash128("b"));
  CHECK_FALSE(siphash128("") == siphash128(std::string_view("\0", 1)));
  CHECK_FALSE(siphash128("12345678") == siphash128("123456780"));
}

TEST_CASE("without knowledge the filter stops every call") {
  const auto program = recorder_filter(FilterAction::kTrace, {});
  CHECK(decide(program, {SYS_getpid, AUDIT_ARCH_X86_64, 0, {}}) == SECCOMP_RET_TRACE);
  CHECK(decide(program, {20, AUDIT_ARCH_I386, 0, {}}) == SECCOMP_RET_TRACE);
}

#if defined(__x86_64__)
TEST_CASE("known calls pass, on their own ABI and with their own arguments only") {
  const auto program =
      recorder_filter(FilterAction::kTrace, {call("getpid"), call("socket", {{0, 2, 0xffffffff}, {1, 1, 0xf}})});
  const auto on = [&](std::uint32_t arch, int number, std::uint64_t a, std::uint64_t b) {
    seccomp_data data{number, arch, 0, {a, b}};
    return decide(program, data);
  };
  CHECK(on(AUDIT_ARCH_X86_64, SYS_getpid, 0, 0) == SECCOMP_RET_ALLOW);
  CHECK(on(AUDIT_ARCH_I386, SYS_getpid, 0, 0) == SECCOMP_RET_TRACE);
  CHECK(on(AUDIT_ARCH_X86_64, SYS_socket, 2, 1 | 02000000) == SECCOMP_RET_ALLOW);
  CHECK(on(AUDIT_ARCH_X86_64, SYS_socket, 2, 2) == SECCOMP_RET_TRACE);
  CHECK(on(AUDIT_ARCH_X86_64, SYS_socket, 10, 1) == SECCOMP_RET_TRACE);
  CHECK(on(AUDIT_ARCH_X86_64, SYS_read, 2, 1) == SECCOMP_RET_TRACE);
}

TEST_CASE("more known calls than fit are watched, not dropped") {
  std::vector<SyscallOp> many;
  for (std::uint64_t i = 0; i < 3000; ++i) many.push_back(call("ioctl", {{1, i, 0xffffffff}}));
  const auto program = recorder_filter(FilterAction::kNotify, many);
  CHECK(program.size() <= 4096);
  CHECK(decide(program, {SYS_ioctl, AUDIT_ARCH_X86_64, 0, {0, 0}}) == SECCOMP_RET_ALLOW);
  CHECK(decide(program, {SYS_ioctl, AUDIT_ARCH_X86_64, 0, {0, 2999}}) == SECCOMP_RET_USER_NOTIF);
}
#endif

TEST_CASE("known calls are read back from a trace, and only what may pass") {
  const Folder folder;
  const std::string path = folder.path + "/t";
  Fact fact;
  fact.subject.exe = "/bin/x\" \xff";
  std::ofstream out(path);
  const auto add = [&](const SyscallOp& op, std::uint64_t count) {
    fact.operation = op;
    out << fact_line("r", fact) << tally_line("r", fact_id(fact), {count, 0, 0, 0});
  };
  add(call("getpid"), 5);
  add(call("socket", {{0, 2, 0xffffffff}, {1, 1, 0xf}, {2, 0, 0xffffffff}}), 7);
  add(call("ioctl"), 9);  // seen at less detail
  add(call("execve"), 1);
  add(call("openat"), 3);
  out << "{\"kind\":\"fact\",\"garbage\n";
  // What this version's readers take for a line of an unknown kind is no knowledge.
  for (const char* verdict : {R"("verdict":{"ou)tcome":"allowed"})", R"("verdict":{"outcome":"perhaps"})"})
    out << R"({"kind":"fact","run":"r","id":"x","subject":{},"operation":{"op":"syscall","arch":"x86_64","name":"getuid"},)"
        << verdict << "}\n";
  for (const char* start :
       {R"({"kind":"fact","zun":"r","id":"x","subject":{})", R"({"kind":"fact","run":"r","id":"x","sub":{})"})
    out << start << R"(,"operation":{"op":"syscall","arch":"x86_64","name":"getegid"},"verdict":{"outcome":"allowed"}})"
        << "\n";
  out << R"({"kind":"fact","run":"r","id":"x","subject":{},"operation":{"op":"syscall","arch":"x86_64","name":"getgid"},)"
      << R"("verdict":{"outcome":"allowed"}})";  // no end of line: cut off
  out.close();
  const auto names = [&](Detail detail) {
    std::string all;
    for (const SyscallOp& op : known_calls(path, detail)) all += op.name + " ";
    return all;
  };
  CHECK(names(Detail::kSet) == "ioctl socket getpid openat execve ");
  CHECK(names(Detail::kArgs) == "socket getpid openat execve ");
  CHECK(names(Detail::kFull) == "getpid ");
  CHECK(known_calls(folder.path + "/none", Detail::kSet).empty());
}

TEST_CASE("paths are walked as the kernel walks them") {
  const Folder folder;
  const std::string at = folder.path;
  REQUIRE(mkdir((at + "/dir").c_str(), 0755) == 0);
  REQUIRE(symlink("dir", (at + "/to").c_str()) == 0);
  REQUIRE(symlink((at + "/dir/../to").c_str(), (at + "/dir/up").c_str()) == 0);
  REQUIRE(symlink("loop", (at + "/loop").c_str()) == 0);
  REQUIRE(close(open((at + "/dir/file").c_str(), O_CREAT | O_WRONLY, 0644)) == 0);
  PathView view;
  view.task = view.tgid = getpid();
  PathWalker walker;
  for (int round = 0; round < 2; ++round) {  // the second with what the first has learnt
    CHECK(walker.walk(view, at, "to/file", true).path == at + "/dir/file");
    CHECK(walker.walk(view, at, "to/../dir/./up/file", true).path == at + "/dir/file");
    CHECK(walker.walk(view, at, "to/../dir/./up/file", true).links.size() == 3);
    CHECK(walker.walk(view, at, "to", false).path == at + "/to");
    CHECK(walker.walk(view, at, "to/", false).path == at + "/dir");
    CHECK(walker.walk(view, at, "missing/../x", true).error == ENOENT);
    CHECK(walker.walk(view, at, "loop", true).error == ELOOP);
    CHECK(walker.walk(view, at, "dir/file/x", true).error == ENOTDIR);
    CHECK(walker.walk(view, at, "/..", true).path == "/");
  }
  CHECK(walker.walk(view, "/", "/proc/self/status", true).path == "/proc/" + std::to_string(getpid()) + "/status");
  CHECK(walker.walk(view, "/", "/proc/self/cwd", true).magic);
}

TEST_CASE("a view's root hides what lies above it") {
  PathView view;
  view.root = "/srv/jail";
  bool outside = false;
  CHECK(inside_view(view, "/srv/jail/etc/x", outside) == "/etc/x");
  CHECK(inside_view(view, "/srv/jail", outside) == "/");
  CHECK_FALSE(outside);
  CHECK(inside_view(view, "/srv/jailed", outside) == "/srv/jailed");
  CHECK(outside);
  CHECK(reach(view, "/etc/x") == "/srv/jail/etc/x");
}

TEST_CASE("a path of one mount namespace is found in another") {
  const auto ours = parse_mountinfo(
      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
      "23 22 8:2 / /srv/a\\040b rw shared:1 - ext4 /dev/sda2 rw\n"
      "24 22 0:5 / /proc rw - proc proc rw\n"
      "not a row\n");
  REQUIRE(ours.size() == 3);
  CHECK(ours[1].point == "/srv/a b");
  const auto theirs = parse_mountinfo(
      "90 80 8:1 /var/lib/box/root / rw - ext4 /dev/sda1 rw\n"
      "91 90 0:77 / /tmp rw - tmpfs tmpfs rw\n"
      "92 90 8:2 /data /srv rw - ext4 /dev/sda2 rw\n");
  CHECK(translate_path(theirs, ours, "/etc/passwd") == "/var/lib/box/root/etc/passwd");
  CHECK(translate_path(theirs, ours, "/") == "/var/lib/box/root");
  CHECK(translate_path(theirs, ours, "/srv/x") == "/srv/a b/data/x");
  CHECK(translate_path(theirs, ours, "/srvx") == "/var/lib/box/root/srvx");
  CHECK(translate_path(theirs, ours, "/tmp/y").empty());
  CHECK(translate_path(ours, ours, "/usr/bin/x") == "/usr/bin/x");
  CHECK(translate_path({}, ours, "/etc").empty());
}
