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

TEST_CASE("a rule with addresses is not decided, and the reason names it") {
  if (!have_parser()) return;
  const auto compiled = decider_for(in_profile("/a r,"));
  Diagnostics diagnostics;
  const auto source = read_source("profile test {\n  network (connect) inet stream peer=(ip=10.0.0.1 port=443),\n}\n",
                                  "p", {}, diagnostics);
  REQUIRE(source.ok());
  ProfileDecider decider({compiled->profiles().begin(), compiled->profiles().end()}, *source);
  NetOp op;
  op.act = SocketAct::kConnect;
  op.family = "inet";
  op.type = "stream";
  op.peer_address = "10.0.0.1";
  op.peer_port = 443;
  const Decision said = decider.decide(fact_of(op));
  CHECK(said.ruling == Ruling::kCannotTell);
  CHECK(said.why.find("p:2: network") != std::string::npos);
  op.family = "inet6";
  CHECK(decider.decide(fact_of(op)).ruling == Ruling::kDenied);
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
