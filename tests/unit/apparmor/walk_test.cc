#include <unistd.h>

#include <cstdlib>

#include "apparmor/socket_keys.h"
#include "support.h"

namespace cordon::apparmor::test {
namespace {

struct FileRow {
  const char* rules;
  const char* path;
  FilePerms perms;
  Owner owner;
  Ruling ruling;
};

/// What apparmor.d(5) and the kernel's code say of each; none is taken from this program's own output.
const std::vector<FileRow> kFileRows = {
    {"/a r,", "/a", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/a r,", "/a", FilePerm::kWrite, Owner::kOther, Ruling::kDenied},
    {"/a r,", "/ab", FilePerm::kRead, Owner::kOther, Ruling::kDenied},
    {"/a w,", "/a", FilePerm::kAppend, Owner::kOther, Ruling::kAllowed},
    {"/a a,", "/a", FilePerm::kAppend, Owner::kOther, Ruling::kAllowed},
    {"/a a,", "/a", FilePerm::kWrite, Owner::kOther, Ruling::kDenied},
    {"/a a,", "/a", FilePerm::kAppend | FilePerm::kOpenCreate, Owner::kOther, Ruling::kDenied},
    {"/a w,", "/a", FilePerm::kUnlink, Owner::kOther, Ruling::kAllowed},
    {"owner /a r,", "/a", FilePerm::kRead, Owner::kSelf, Ruling::kAllowed},
    {"owner /a r,", "/a", FilePerm::kRead, Owner::kOther, Ruling::kDenied},
    {"owner /a r,", "/a", FilePerm::kRead, Owner::kUnknown, Ruling::kCannotTell},
    {"/a rw, deny /a w,", "/a", FilePerm::kWrite, Owner::kSelf, Ruling::kDenied},
    {"owner /a rw, deny /a w,", "/a", FilePerm::kWrite, Owner::kSelf, Ruling::kDenied},
    {"/a rw, deny /a w,", "/a", FilePerm::kAppend, Owner::kSelf, Ruling::kDenied},
    {"/a/** r,", "/a/b/c", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/a/** r,", "/a/", FilePerm::kRead, Owner::kOther, Ruling::kDenied},
    {"/a/* r,", "/a/b", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/a/* r,", "/a/.b", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/a/* r,", "/a/b/c", FilePerm::kRead, Owner::kOther, Ruling::kDenied},
    {"/a/*.log r,", "/a/.log", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/a? r,", "/a/", FilePerm::kRead, Owner::kOther, Ruling::kDenied},
    {"/a[^b] r,", "/a/", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/{a,b}c r,", "/bc", FilePerm::kRead, Owner::kOther, Ruling::kAllowed},
    {"/a k,", "/a", FilePerm::kLock, Owner::kOther, Ruling::kAllowed},
    {"/a rk,", "/a", FilePerm::kRead | FilePerm::kLock, Owner::kOther, Ruling::kAllowed},
    {"/a r,", "/a", FilePerm::kMapExec, Owner::kOther, Ruling::kDenied},
    {"/a rm,", "/a", FilePerm::kMapExec, Owner::kOther, Ruling::kAllowed},
    {"/a ix,", "/a", FilePerm::kMapExec, Owner::kOther, Ruling::kAllowed},
    {"/b r,", "/a", FilePerm::kGetattr, Owner::kOther, Ruling::kAllowed},
    {"/a w,", "/a", FilePerm::kRenameFrom, Owner::kOther, Ruling::kDenied},
    {"/a rw,", "/a", FilePerm::kRenameFrom, Owner::kOther, Ruling::kAllowed},
    {"/a w,", "/a", FilePerm::kRenameTo, Owner::kOther, Ruling::kAllowed},
    {"file,", "/anything", FilePerm::kWrite, Owner::kOther, Ruling::kAllowed},
};

Fact link_fact(const char* link, const char* target) {
  Fact fact = file_fact(link, FilePerm::kLinkTo, Owner::kSelf);
  std::get<FileOp>(fact.operation).target = target;
  return fact;
}

Ruling ruling(const std::string& rules, Operation operation) {
  return decider_for(in_profile(rules))->decide(fact_of(std::move(operation))).ruling;
}

SignalOp signal_op(Direction direction, const char* name, const char* peer, bool same = false) {
  SignalOp op;
  op.direction = direction;
  op.signal = name;
  op.peer = peer;
  op.same_program = same;
  return op;
}

NetOp net_op(const char* family, const char* type, SocketAct act = SocketAct::kCreate) {
  NetOp op;
  op.family = family;
  op.type = type;
  op.act = act;
  return op;
}

}  // namespace

TEST_CASE("file rules decide as documented") {
  if (!have_parser()) return;
  for (const FileRow& row : kFileRows) {
    INFO(row.rules << " asked for " << row.path << " perms " << row.perms.bits() << " owner " << int(row.owner));
    CHECK(decider_for(in_profile(row.rules))->decide(file_fact(row.path, row.perms, row.owner)).ruling == row.ruling);
  }
}

TEST_CASE("directories end in a slash") {
  if (!have_parser()) return;
  const auto decider = decider_for(in_profile("/d/ r, /f r,"));
  CHECK(decider->decide(file_fact("/d", FilePerm::kList, Owner::kOther, FileKind::kDirectory)).ruling ==
        Ruling::kAllowed);
  CHECK(decider->decide(file_fact("/f", FilePerm::kList, Owner::kOther, FileKind::kDirectory)).ruling ==
        Ruling::kDenied);
}

TEST_CASE("links are decided by their pair") {
  if (!have_parser()) return;
  const auto pair = decider_for(in_profile("link /new -> /old,"));
  CHECK(pair->decide(link_fact("/new", "/old")).ruling == Ruling::kAllowed);
  CHECK(pair->decide(link_fact("/new", "/other")).ruling == Ruling::kDenied);
  const auto subset = decider_for(in_profile("/new rwl, /old r, /same rw,"));
  CHECK(subset->decide(link_fact("/new", "/old")).ruling == Ruling::kDenied);
  CHECK(subset->decide(link_fact("/new", "/same")).ruling == Ruling::kAllowed);
}

TEST_CASE("capabilities, also those above 31") {
  if (!have_parser()) return;
  CapabilityOp low, high;
  low.name = "net_bind_service";
  high.name = "bpf";
  CHECK(ruling("capability net_bind_service,", low) == Ruling::kAllowed);
  CHECK(ruling("capability net_bind_service,", high) == Ruling::kDenied);
  CHECK(ruling("capability bpf,", high) == Ruling::kAllowed);
  CHECK(ruling("capability, deny capability bpf,", high) == Ruling::kDenied);
}

TEST_CASE("network by family and type") {
  if (!have_parser()) return;
  CHECK(ruling("network inet stream,", net_op("inet", "stream")) == Ruling::kAllowed);
  CHECK(ruling("network inet stream,", net_op("inet", "stream", SocketAct::kConnect)) == Ruling::kAllowed);
  CHECK(ruling("network inet stream,", net_op("inet", "stream", SocketAct::kGetopt)) == Ruling::kAllowed);
  CHECK(ruling("network inet stream,", net_op("inet", "dgram")) == Ruling::kDenied);
  CHECK(ruling("network inet stream,", net_op("inet6", "stream")) == Ruling::kDenied);
  CHECK(ruling("network netlink raw,", net_op("netlink", "raw")) == Ruling::kAllowed);
  CHECK(ruling("network,", net_op("packet", "raw")) == Ruling::kAllowed);
}

TEST_CASE("unix sockets by type, address and peer") {
  if (!have_parser()) return;
  UnixOp connect;
  connect.act = SocketAct::kConnect;
  connect.type = "stream";
  connect.peer_address = "@bus";
  CHECK(ruling("unix (connect) type=stream peer=(addr=@bus),", connect) == Ruling::kAllowed);
  CHECK(ruling("unix (connect) type=stream peer=(addr=@other),", connect) == Ruling::kDenied);
  CHECK(ruling("unix (connect) type=dgram peer=(addr=@bus),", connect) == Ruling::kDenied);
  UnixOp bind;
  bind.act = SocketAct::kBind;
  bind.type = "dgram";
  bind.address = "@mine";
  CHECK(ruling("unix (create, bind) type=dgram addr=@mine,", bind) == Ruling::kAllowed);
  CHECK(ruling("unix (create, bind) type=dgram addr=@yours,", bind) == Ruling::kDenied);
  UnixOp listen = bind;
  listen.act = SocketAct::kListen;
  CHECK(ruling("unix (bind, listen) type=dgram addr=@mine,", listen) == Ruling::kAllowed);
  CHECK(ruling("unix (bind) type=dgram addr=@mine,", listen) == Ruling::kDenied);
  UnixOp create;
  create.act = SocketAct::kCreate;
  create.type = "stream";
  CHECK(ruling("unix (create) type=stream,", create) == Ruling::kAllowed);
  CHECK(ruling("/a r,", create) == Ruling::kDenied);
}

TEST_CASE("signals by direction, set and peer") {
  if (!have_parser()) return;
  CHECK(ruling("signal (send) set=(term) peer=unconfined,", signal_op(Direction::kSend, "term", "/x")) ==
        Ruling::kAllowed);
  CHECK(ruling("signal (send) set=(term) peer=unconfined,", signal_op(Direction::kSend, "kill", "/x")) ==
        Ruling::kDenied);
  CHECK(ruling("signal (send) set=(term) peer=unconfined,", signal_op(Direction::kReceive, "term", "/x")) ==
        Ruling::kDenied);
  CHECK(ruling("signal (send) peer=test,", signal_op(Direction::kSend, "stkflt", "", true)) == Ruling::kAllowed);
  CHECK(ruling("signal (send) set=(stp),", signal_op(Direction::kSend, "tstp", "")) == Ruling::kAllowed);
  CHECK(ruling("signal (send) set=(exists),", signal_op(Direction::kSend, "exists", "")) == Ruling::kAllowed);
  CHECK(ruling("signal (send) set=(rtmin+3),", signal_op(Direction::kSend, "rtmin+3", "")) == Ruling::kAllowed);
  CHECK(ruling("signal (send) set=(rtmin+3),", signal_op(Direction::kSend, "rtmin+4", "")) == Ruling::kDenied);
}

TEST_CASE("ptrace by act and peer") {
  if (!have_parser()) return;
  PtraceOp op;
  op.act = PtraceAct::kTrace;
  op.same_program = true;
  CHECK(ruling("ptrace (trace) peer=test,", op) == Ruling::kAllowed);
  CHECK(ruling("ptrace (read) peer=test,", op) == Ruling::kDenied);
  op.act = PtraceAct::kReadBy;
  CHECK(ruling("ptrace (readby) peer=test,", op) == Ruling::kAllowed);
  op.act = PtraceAct::kTracedBy;
  CHECK(ruling("ptrace (tracedby) peer=test,", op) == Ruling::kAllowed);
}

TEST_CASE("mounts, remounts, umounts and pivot_root") {
  if (!have_parser()) return;
  MountOp mount;
  mount.act = MountAct::kMount;
  mount.source = "tmpfs";
  mount.target = "/mnt";
  mount.fstype = "tmpfs";
  mount.flags = {"nodev", "nosuid"};
  CHECK(ruling("mount fstype=tmpfs options=(rw,nosuid,nodev) tmpfs -> /mnt/,", mount) == Ruling::kAllowed);
  CHECK(ruling("mount fstype=tmpfs options=(rw,nosuid) tmpfs -> /mnt/,", mount) == Ruling::kDenied);
  CHECK(ruling("mount fstype=ext4 options=(rw,nosuid,nodev) tmpfs -> /mnt/,", mount) == Ruling::kDenied);
  CHECK(ruling("mount,", mount) == Ruling::kAllowed);
  MountOp bind;
  bind.act = MountAct::kBind;
  bind.source = "/a";
  bind.target = "/b";
  bind.flags = {"bind"};
  CHECK(ruling("mount options=(bind) /a/ -> /b/,", bind) == Ruling::kAllowed);
  CHECK(ruling("mount options=(bind) /a/ -> /c/,", bind) == Ruling::kDenied);
  MountOp umount;
  umount.act = MountAct::kUmount;
  umount.target = "/b";
  CHECK(ruling("umount /b/,", umount) == Ruling::kAllowed);
  CHECK(ruling("umount /c/,", umount) == Ruling::kDenied);
  MountOp pivot;
  pivot.act = MountAct::kPivotRoot;
  pivot.target = "/new";
  pivot.source = "/new/old";
  CHECK(ruling("pivot_root oldroot=/new/old/ /new/,", pivot) == Ruling::kAllowed);
  CHECK(ruling("pivot_root oldroot=/new/other/ /new/,", pivot) == Ruling::kDenied);
}

TEST_CASE("D-Bus messages and names") {
  if (!have_parser()) return;
  IpcOp send;
  send.kind = IpcKind::kDbus;
  send.perms = {"send"};
  send.bus = "system";
  send.path = "/org/x";
  send.interface = "org.x";
  send.member = "Do";
  send.peer = "unconfined";
  CHECK(ruling("dbus send bus=system path=/org/x interface=org.x member=Do,", send) == Ruling::kAllowed);
  CHECK(ruling("dbus send bus=session path=/org/x,", send) == Ruling::kDenied);
  IpcOp bind;
  bind.kind = IpcKind::kDbus;
  bind.perms = {"bind"};
  bind.bus = "session";
  bind.name = "org.me";
  CHECK(ruling("dbus bind bus=session name=org.me,", bind) == Ruling::kAllowed);
  CHECK(ruling("dbus bind bus=session name=org.you,", bind) == Ruling::kDenied);
}

TEST_CASE("exec transitions lead to the profile that decides") {
  if (!have_parser()) return;
  const auto decider = decider_for(
      "abi <abi/3.0>,\nprofile test /usr/bin/test {\n /usr/bin/a ix, /usr/bin/b Cx, /usr/bin/c Px -> test//named,\n"
      " profile /usr/bin/b { /only/b r, }\n profile named { /only/c r, }\n}\n");
  const auto ask = [&](const char* exe, const char* path) {
    Fact fact = file_fact(path, FilePerm::kRead);
    fact.subject.exe = exe;
    return decider->decide(fact).ruling;
  };
  CHECK(decider->profiles_for(file_fact("/", {}).subject).front()->name == "test");
  CHECK(ask("/usr/bin/b", "/only/b") == Ruling::kAllowed);
  CHECK(ask("/usr/bin/a", "/only/b") == Ruling::kDenied);
  CHECK(ask("/usr/bin/c", "/only/c") == Ruling::kAllowed);
  ExecOp exec;
  exec.path = "/usr/bin/d";
  CHECK(decider->decide(fact_of(exec)).ruling == Ruling::kDenied);
  exec.path = "/usr/bin/a";
  CHECK(decider->decide(fact_of(exec)).ruling == Ruling::kAllowed);
}

namespace {

/// Debian 12's parser knows no dialect after 3.0: CORDON_APPARMOR_PARSER and CORDON_APPARMOR_BASE may name a newer one.
bool have_newer_parser() {
  const char* base = std::getenv("CORDON_APPARMOR_BASE");
  const std::string folder = base == nullptr ? "/etc/apparmor.d" : base;
  const bool found = have_parser() && access((folder + "/abi/5.0").c_str(), R_OK) == 0;
  if (!found) WARN("no apparmor_parser that knows abi 5.0: what needs it is skipped");
  return found;
}

Ruling ruling_in_50(const std::string& rules, Operation operation) {
  const std::string text = "abi <abi/5.0>,\nprofile test /usr/bin/test {\n" + rules + "\n}\n";
  return decider_for(text)->decide(fact_of(std::move(operation))).ruling;
}

NetOp inet_op(SocketAct act, const char* address, std::uint16_t port, const char* peer, std::uint16_t peer_port) {
  NetOp op = net_op("inet", "stream", act);
  op.address = address;
  op.port = port;
  op.peer_address = peer;
  op.peer_port = peer_port;
  return op;
}

IpcOp queue_op(IpcKind kind, const char* name, std::vector<std::string> perms) {
  IpcOp op;
  op.kind = kind;
  op.name = name;
  op.perms = std::move(perms);
  return op;
}

}  // namespace

TEST_CASE("the keys of internet sockets are laid out as the parser compiles them") {
  using namespace std::string_literals;
  CHECK(socket_keys(inet_op(SocketAct::kCreate, "", 0, "", 0), 2, 1) == std::vector{"\0\2\0\1"s});
  CHECK(socket_keys(inet_op(SocketAct::kBind, "127.0.0.1", 80, "", 0), 2, 1).back() ==
        "\0\2\0\1\0\6\1\0\x50\1\x7f\0\0\1\0"s);
  CHECK(socket_keys(inet_op(SocketAct::kListen, "127.0.0.1", 80, "", 0), 2, 1).back() ==
        "\0\2\0\1\0\6\0\0\x50\1\x7f\0\0\1\0"s);
  CHECK(socket_keys(inet_op(SocketAct::kConnect, "", 0, "10.0.0.1", 443), 2, 1).back() ==
        "\0\2\0\1\0\6\2\1\xbb\1\x0a\0\0\1\0\0\1\0\0\0\1\0\0\0\0\0"s);
  CHECK(socket_keys(inet_op(SocketAct::kReceive, "", 0, "", 0), 2, 1)[2] == "\0\2\0\1\0\6\2\0\0\0\0"s);
}

TEST_CASE("internet sockets are held to addresses and ports") {
  if (!have_newer_parser()) return;
  const std::string rules =
      "network (create) inet stream,\nnetwork (bind) inet stream ip=127.0.0.1 port=80,\n"
      "network (accept, listen) inet stream ip=127.0.0.1 port=80,\n"
      "network (connect, receive, send) inet stream port=0-65535 peer=(ip=10.0.0.1 port=443),\n"
      "network (receive, send) inet stream port=0-65535 peer=(ip=none),";
  struct Row {
    NetOp op;
    Ruling ruling;
  };
  const std::vector<Row> rows{
      {inet_op(SocketAct::kCreate, "", 0, "", 0), Ruling::kAllowed},
      {inet_op(SocketAct::kBind, "127.0.0.1", 80, "", 0), Ruling::kAllowed},
      {inet_op(SocketAct::kBind, "127.0.0.1", 81, "", 0), Ruling::kDenied},
      {inet_op(SocketAct::kBind, "0.0.0.0", 80, "", 0), Ruling::kDenied},
      {inet_op(SocketAct::kListen, "127.0.0.1", 80, "", 0), Ruling::kAllowed},
      {inet_op(SocketAct::kAccept, "127.0.0.1", 80, "10.0.0.9", 5000), Ruling::kAllowed},
      {inet_op(SocketAct::kAccept, "127.0.0.1", 8080, "10.0.0.9", 5000), Ruling::kDenied},
      {inet_op(SocketAct::kConnect, "", 0, "10.0.0.1", 443), Ruling::kAllowed},
      {inet_op(SocketAct::kConnect, "10.0.0.7", 50000, "10.0.0.1", 443), Ruling::kAllowed},
      {inet_op(SocketAct::kConnect, "", 0, "10.0.0.1", 80), Ruling::kDenied},
      {inet_op(SocketAct::kConnect, "", 0, "10.0.0.2", 443), Ruling::kDenied},
      {inet_op(SocketAct::kSend, "", 0, "10.0.0.1", 443), Ruling::kAllowed},
      {inet_op(SocketAct::kSend, "10.0.0.7", 50000, "", 0), Ruling::kAllowed},
      {inet_op(SocketAct::kSend, "", 0, "10.0.0.2", 443), Ruling::kDenied},
      {inet_op(SocketAct::kSetopt, "127.0.0.1", 80, "", 0), Ruling::kDenied},
  };
  for (const Row& row : rows) {
    INFO(int(row.op.act) << " " << row.op.address << ":" << row.op.port << " " << row.op.peer_address << ":"
                         << row.op.peer_port);
    CHECK(ruling_in_50(rules, row.op) == row.ruling);
  }
  // A peer without a port of the own side holds nothing.
  CHECK(ruling_in_50("network (connect) inet stream peer=(ip=10.0.0.1),",
                     inet_op(SocketAct::kConnect, "", 0, "10.0.0.2", 443)) == Ruling::kAllowed);
  const std::string wide = "network inet stream,\ndeny network (connect) inet stream peer=(port=25),";
  CHECK(ruling_in_50(wide, inet_op(SocketAct::kConnect, "", 0, "10.0.0.1", 24)) == Ruling::kAllowed);
  CHECK(ruling_in_50(wide, inet_op(SocketAct::kConnect, "", 0, "10.0.0.1", 25)) == Ruling::kDenied);
  // Privileged ports are compiled apart for bind: a rule for both would refuse to listen.
  CHECK(ruling_in_50("network (bind, listen) inet stream port=80,", inet_op(SocketAct::kListen, "::", 80, "", 0)) ==
        Ruling::kDenied);
}

TEST_CASE("message queues, user namespaces and rings in abi 5.0") {
  if (!have_newer_parser()) return;
  const std::string queue = "mqueue (create, read, getattr) type=posix /queue,";
  CHECK(ruling_in_50(queue, queue_op(IpcKind::kMqueuePosix, "/queue", {"create", "read"})) == Ruling::kAllowed);
  CHECK(ruling_in_50(queue, queue_op(IpcKind::kMqueuePosix, "/queue", {"getattr"})) == Ruling::kAllowed);
  CHECK(ruling_in_50(queue, queue_op(IpcKind::kMqueuePosix, "/queue", {"setattr"})) == Ruling::kDenied);
  CHECK(ruling_in_50(queue, queue_op(IpcKind::kMqueuePosix, "/queue", {"create", "write"})) == Ruling::kDenied);
  CHECK(ruling_in_50(queue, queue_op(IpcKind::kMqueuePosix, "/other", {"read"})) == Ruling::kDenied);
  NamespaceOp user;
  user.act = NamespaceAct::kCreate;
  user.kind = "user";
  CHECK(ruling_in_50("userns create,", user) == Ruling::kAllowed);
  CHECK(ruling_in_50("/a r,", user) == Ruling::kDenied);
  CHECK(ruling_in_50("io_uring (sqpoll),", queue_op(IpcKind::kIoUring, "", {"sqpoll"})) == Ruling::kAllowed);
  CHECK(ruling_in_50("io_uring (override_creds),", queue_op(IpcKind::kIoUring, "", {"sqpoll"})) == Ruling::kDenied);
}

TEST_CASE("change_profile and rlimits") {
  if (!have_parser()) return;
  DomainOp change;
  change.act = "change_profile";
  change.target = "other";
  CHECK(ruling("change_profile -> other,", change) == Ruling::kAllowed);
  CHECK(ruling("change_profile -> another,", change) == Ruling::kDenied);
  RlimitOp limit;
  limit.resource = "nofile";
  limit.value = 2048;
  CHECK(ruling("set rlimit nofile <= 1024,", limit) == Ruling::kDenied);
  CHECK(ruling("set rlimit nofile <= 4096,", limit) == Ruling::kAllowed);
  CHECK(ruling("/a r,", limit) == Ruling::kAllowed);
}

TEST_CASE("a decision names the line") {
  if (!have_parser()) return;
  const auto decider = decider_for(in_profile("  /a r,\n  /b rw,\n  deny /c w,\n  /c rw,"));
  CHECK(decider->decide(file_fact("/b", FilePerm::kWrite)).by == "test.apparmor:4: /b rw");
  CHECK(decider->decide(file_fact("/c", FilePerm::kWrite)).by == "test.apparmor:5: deny /c w");
  CHECK(decider->decide(file_fact("/d", FilePerm::kWrite)).by == "no rule");
}

}  // namespace cordon::apparmor::test
