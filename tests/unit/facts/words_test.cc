#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "base/fd.h"
#include "facts/describe.h"
#include "facts/lists.h"
#include "facts/pins.h"
#include "facts/strace_text.h"
#include "facts/trace_io.h"
#include "facts/trace_writer.h"

using namespace cordon;

namespace {

/// A file with this text, as long as this lives.
class File {
 public:
  explicit File(std::string_view text) : path_("/tmp/cordon-unit-XXXXXX") {
    const UniqueFd fd(mkstemp(path_.data()));
    REQUIRE(write_all(fd.get(), text, path_));
  }
  ~File() { unlink(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<std::vector<Pin>> pins(const std::string& text) { return read_pins(File(text).path()); }

/// The operation that is so spelled in a trace.
Operation operation(const std::string& json) {
  const auto read = pins(R"({"pins":[{"reason":"r","operation":)" + json + "}]}");
  INFO(json << (read ? "" : ": " + to_text(read.error())));
  REQUIRE(read);
  REQUIRE((*read).size() == 1);
  return (*read)[0].operation;
}

std::string place_of(const std::string& text) {
  const auto read = pins(text);
  REQUIRE_FALSE(read);
  const std::string& where = read.error().where;
  return where.find('#') == std::string::npos ? "" : where.substr(where.find('#') + 1);
}

Trace trace_of(const std::vector<std::string>& operations) {
  Trace trace;
  for (const std::string& json : operations) trace.facts.push_back({{}, operation(json), {}, {}, {}});
  return trace;
}

}  // namespace

TEST_CASE("every kind of operation is read from its spelling and said in a line") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"op":"syscall","arch":"x86_64","name":"socket","args":[{"index":0,"value":2,"mask":4294967295},{"index":1,"value":1}]})",
       "socket(arg0&0xffffffff=0x2, arg1=0x1)"},
      {R"({"op":"syscall","arch":"i386","name":"open"})", "i386:open"},
      {R"({"op":"syscall","arch":"x86_64","number":999})", "syscall_999"},
      {R"({"op":"syscall","arch":"x86_64","name":"clone3","clone_flags":17})", "clone3(flags=0x11)"},
      {R"({"op":"file","path":"/etc/x\n","perms":["read","getattr"]})", "read,getattr /etc/x\\n"},
      {R"({"op":"file","path":"/a","target":"/b","perms":["link_to"]})", "link_to /a -> /b"},
      {R"({"op":"file","path":"/gone","perms":[]})", "lookup /gone"},
      {R"({"op":"exec","path":"/x.sh","interpreter":"/bin/sh","setid":true})", "exec /x.sh by /bin/sh (set-id)"},
      {R"({"op":"net","act":"connect","family":"inet","type":"stream","protocol":"tcp","peer_address":"10.0.0.1","peer_port":443})",
       "connect inet stream tcp -> 10.0.0.1:443"},
      {R"({"op":"net","act":"bind","family":"inet","type":"dgram","protocol":"udp","address":"0.0.0.0","port":53})",
       "bind inet dgram udp 0.0.0.0:53"},
      {R"({"op":"net","act":"send","family":"netlink","type":"raw","protocol":"route","message":18})",
       "send netlink raw route message 18"},
      {R"({"op":"unix","act":"connect","type":"stream","peer_address":"/run/x"})", "connect unix stream -> /run/x"},
      {R"({"op":"capability","name":"sys_admin","because":"mount"})", "capability sys_admin (mount)"},
      {R"({"op":"signal","direction":"send","signal":"term","peer":"/bin/x"})", "send signal term /bin/x"},
      {R"({"op":"ptrace","act":"trace","peer":"/bin/x"})", "ptrace trace /bin/x"},
      {R"({"op":"mount","act":"mount","source":"/dev/a","target":"/m","fstype":"ext4","flags":["ro","nosuid"]})",
       "mount ext4 /dev/a on /m (ro,nosuid)"},
      {R"({"op":"ioctl","path":"/dev/tty","command":21505})", "ioctl 0x5401 on /dev/tty"},
      {R"({"op":"ioctl","class":"tcp_socket","command":35090})", "ioctl 0x8912 on tcp_socket"},
      {R"({"op":"ipc","ipc":"dbus","bus":"system","name":"org.x","interface":"i","member":"M","perms":["send"]})",
       "dbus send system org.x i M"},
      {R"({"op":"rlimit","resource":"nofile","value":1024})", "rlimit nofile 1024"},
      {R"({"op":"namespace","act":"create","namespace":"user"})", "create user namespace"},
      {R"({"op":"domain","act":"change_profile","target":"a//b"})", "change_profile a//b"},
      {R"({"op":"av","source":"a_t","target":"b_t","class":"file","perms":["read","open"],"path":"/x"})",
       "a_t b_t:file { read open } /x"},
  };
  for (const auto& [json, words] : rows) CHECK(describe(operation(json)) == words);
}

TEST_CASE("verdicts are said in words") {
  CHECK(describe(Verdict{Outcome::kAllowed, {}, Mechanism::kNone}).empty());
  CHECK(describe(Verdict{Outcome::kFailed, "ENOENT", Mechanism::kNone}) == "ENOENT");
  CHECK(describe(Verdict{Outcome::kDenied, "EACCES", Mechanism::kAppArmor}) == "denied by apparmor");
  CHECK(describe(Verdict{Outcome::kWouldDeny, {}, Mechanism::kSelinux}) == "would be denied by selinux");
  CHECK(describe(Verdict{Outcome::kUnwatched, {}, Mechanism::kNone}) == "result not watched");
}

TEST_CASE("pins that are not of the form are refused at their place") {
  CHECK(pins(R"({"pins":[]})")->empty());
  CHECK(place_of(R"({"pins":[5]})") == "/pins/0");
  CHECK(place_of(R"({"pins":[{"reason":" ","operation":{"op":"capability","name":"x"}}]})") == "/pins/0/reason");
  CHECK(place_of(R"({"pins":[{"reason":"r"}]})") == "/pins/0");
  CHECK(place_of(R"({"pins":[{"reason":"r","operation":{"op":"capability","name":"x"},"what":1}]})") == "/pins/0/what");
  CHECK(place_of(R"({"pins":[{"reason":"r","operation":{"op":"dance"}}]})").starts_with("/pins/0/operation"));
  CHECK(place_of(R"({"pin":[]})") == "/pins");
  CHECK(place_of("{").empty());
  CHECK(read_pins("/no/such/file").error().code == ErrorCode::kIo);
}

TEST_CASE("lists are sorted, each item once and in one line") {
  Trace trace =
      trace_of({R"({"op":"syscall","arch":"x86_64","name":"read"})",
                R"({"op":"syscall","arch":"x86_64","name":"read","args":[{"index":0,"value":1}]})",
                R"({"op":"syscall","arch":"i386","name":"open"})", R"({"op":"file","path":"/b\n","perms":["write"]})",
                R"({"op":"file","path":"/b\n","perms":["read"]})", R"({"op":"file","path":"/gone","perms":["read"]})",
                R"({"op":"exec","path":"/x.sh","interpreter":"/bin/sh"})", R"({"op":"exec","path":"/failed"})",
                R"({"op":"capability","name":"chown"})",
                R"({"op":"net","act":"create","family":"inet","type":"stream","protocol":"tcp"})",
                R"({"op":"unix","act":"bind","type":"dgram","address":"@x"})"});
  trace.facts[5].verdict = {Outcome::kFailed, "ENOENT", Mechanism::kNone};
  trace.facts[7].verdict = {Outcome::kFailed, "EACCES", Mechanism::kNone};
  trace.runs.emplace_back().head.program = "/usr/bin/started";
  using Lines = std::vector<std::string>;
  CHECK(list_syscalls(trace) == Lines{"i386:open", "read"});
  CHECK(list_files(trace) == Lines{"/b\\n\tread,write"});
  CHECK(list_exec(trace) == Lines{"/bin/sh", "/usr/bin/started", "/x.sh"});
  CHECK(list_caps(trace) == Lines{"chown"});
  CHECK(list_net(trace) == Lines{"bind unix dgram @x", "create inet stream tcp"});
  CHECK(list_rows().size() == 5);
  CHECK(facts_by_kind(trace).at("syscall") == 3);
}

TEST_CASE("a writer appends whole lines and takes away one that was cut off") {
  const File file("{\"kind\":\"head\"}\n{\"kind\":\"fa");
  auto writer = TraceWriter::open(file.path(), true);
  REQUIRE(writer);
  CHECK(writer->write("{\"kind\":\"end\"}\n"));
  CHECK(writer->close());
  CHECK(*read_file(file.path()) == "{\"kind\":\"head\"}\n{\"kind\":\"end\"}\n");
  auto anew = TraceWriter::open(file.path(), false);
  REQUIRE(anew);
  CHECK(read_file(file.path())->empty());
}

TEST_CASE("a writer follows no symlink, and tells where it could not write") {
  const File file("kept");
  const std::string link = file.path() + ".link";
  REQUIRE(symlink(file.path().c_str(), link.c_str()) == 0);
  CHECK_FALSE(TraceWriter::open(link, false));
  CHECK(*read_file(file.path()) == "kept");
  unlink(link.c_str());
  auto full = TraceWriter::adopt(UniqueFd(open("/dev/full", O_WRONLY | O_CLOEXEC)), "the disk");
  const auto written = full.write("x\n");
  REQUIRE_FALSE(written);
  CHECK(written.error().where == "the disk");
}

TEST_CASE("what strace printed becomes a trace, every line accounted for") {
  const File log(
      "7 execve(\"/usr/bin/cat\", [\"cat\", \"/etc/x\"], 0x7ffd /* 20 vars */) = 0\n"
      "7 openat(AT_FDCWD, \"/etc/x\", O_RDONLY|O_CLOEXEC) = 3\n"
      "7 openat(AT_FDCWD, \"/new\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 4\n"
      "7 openat(AT_FDCWD, \"relative\", O_RDONLY) = -1 ENOENT (No such file or directory)\n"
      "7 unlink(\"/old\") = 0\n"
      "7 rename(\"/a\", \"/b\") = 0\n"
      "7 wait4(-1,  <unfinished ...>\n"
      "8 mkdir(\"/d\", 0777) = -1 EEXIST (File exists)\n"
      "7 <... wait4 resumed>NULL, 0, NULL) = 8\n"
      "7 --- SIGCHLD {si_signo=SIGCHLD} ---\n"
      "not a line of strace\n"
      "7 +++ exited with 0 +++\n");
  Diagnostics diagnostics;
  const auto got = import_strace({log.path()}, diagnostics);
  REQUIRE(got);
  CHECK(got->lines == got->calls + got->resumed + got->signals_and_exits + got->skipped);
  CHECK(got->resumed == 1);
  CHECK(got->signals_and_exits == 2);
  CHECK(got->skipped == 1);
  CHECK(got->relative_paths == 1);
  CHECK(diagnostics.all().size() >= 1);
  const auto calls = list_syscalls(got->trace);
  for (const char* name : {"execve", "openat", "unlink", "rename", "wait4", "mkdir"})
    CHECK(std::find(calls.begin(), calls.end(), name) != calls.end());
  const auto files = list_files(got->trace);
  const auto has = [&](std::string_view start) {
    return std::any_of(files.begin(), files.end(), [&](const std::string& line) { return line.starts_with(start); });
  };
  CHECK(has("/etc/x\tread"));
  CHECK(has("/new\t"));
  CHECK(has("/old\tunlink"));
  CHECK_FALSE(has("relative"));
  CHECK_FALSE(has("/d\t"));
  CHECK_FALSE(import_strace({"/no/such/log"}, diagnostics));
}
