#include "apparmor/backend.h"

#include "apparmor/emit.h"
#include "base/fd.h"
#include "support.h"

namespace cordon::apparmor::test {
namespace {

Policy policy_of(std::vector<Operation> operations) {
  Policy policy;
  policy.name = "tool";
  policy.program = "/usr/bin/tool";
  for (Operation& operation : operations) {
    Grant grant;
    grant.subject.exe = "/usr/bin/tool";
    grant.operation = std::move(operation);
    policy.rules.push_back(Rule::observed(std::move(grant), {"id"}));
  }
  return policy;
}

std::string emitted(const Policy& policy, std::map<std::string, std::string> values = {}) {
  BackendOptions options;
  options.values = std::move(values);
  Diagnostics diagnostics;
  const auto emission = apparmor_backend().emit(policy, options, diagnostics);
  REQUIRE(emission.ok());
  REQUIRE(emission->files.size() == 1);
  CHECK(emission->files[0].suffix == ".apparmor");
  return emission->files[0].bytes;
}

FileOp file_op(const char* path, FilePerms perms, FileKind kind = FileKind::kRegular, Owner owner = Owner::kOther) {
  FileOp op;
  op.path = path;
  op.perms = perms;
  op.kind = kind;
  op.owner = owner;
  return op;
}

/// One operation of each kind that AppArmor mediates.
std::vector<Operation> one_of_each() {
  ExecOp exec;
  exec.path = "/usr/bin/other";
  exec.loader = "/lib64/ld-linux-x86-64.so.2";
  ExecOp script;
  script.path = "/usr/bin/script";
  script.interpreter = "/usr/bin/dash";
  FileOp link = file_op("/tmp/new", FilePerm::kLinkTo, FileKind::kRegular, Owner::kSelf);
  link.target = "/tmp/old";
  FileOp rename = file_op("/tmp/from", FilePerm::kRenameFrom, FileKind::kRegular, Owner::kSelf);
  rename.target = "/tmp/to";
  NetOp net;
  net.family = "inet6";
  net.type = "stream";
  net.act = SocketAct::kConnect;
  net.peer_address = "::1";
  net.peer_port = 80;
  UnixOp bus;
  bus.act = SocketAct::kConnect;
  bus.type = "stream";
  bus.peer_address = std::string("@odd\0na\"me", 10);
  UnixOp create;
  create.type = "dgram";
  CapabilityOp capability;
  capability.name = "chown";
  SignalOp signal;
  signal.signal = "tstp";
  signal.same_program = true;
  SignalOp outside;
  outside.signal = "rtmin+2";
  outside.peer = "/usr/bin/else";
  PtraceOp trace;
  trace.same_program = true;
  MountOp mount;
  mount.source = "tmpfs";
  mount.target = "/mnt/a b";
  mount.fstype = "tmpfs";
  mount.flags = {"nosuid"};
  mount.data = "size=1m";
  MountOp bind;
  bind.act = MountAct::kBind;
  bind.source = "/srv";
  bind.target = "/mnt";
  bind.flags = {"rbind"};
  MountOp umount;
  umount.act = MountAct::kUmount;
  umount.target = "/mnt";
  MountOp remount;
  remount.act = MountAct::kRemount;
  remount.target = "/mnt";
  remount.flags = {"remount", "ro"};
  MountOp private_mount;
  private_mount.act = MountAct::kPropagation;
  private_mount.target = "/";
  private_mount.flags = {"rprivate"};
  MountOp pivot;
  pivot.act = MountAct::kPivotRoot;
  pivot.source = "/new/old";
  pivot.target = "/new";
  IpcOp dbus;
  dbus.kind = IpcKind::kDbus;
  dbus.perms = {"send"};
  dbus.bus = "system";
  dbus.path = "/org/x";
  dbus.interface = "org.x";
  dbus.member = "Do";
  dbus.peer = "unconfined";
  RlimitOp limit;
  limit.resource = "nofile";
  limit.value = 1024;
  NamespaceOp space;
  space.kind = "user";
  DomainOp change;
  change.act = "change_profile";
  change.target = "other";
  return {exec, script, link, rename, net, bus, create, capability, signal, outside, trace, mount, bind, umount, remount,
          private_mount, pivot, dbus, limit, space, change,
          file_op("/etc/passwd", FilePerm::kRead),
          file_op("/etc", FilePerm::kList, FileKind::kDirectory),
          file_op("/var/log/x", FilePerm::kAppend),
          file_op("/tmp/\"\n} /** rwx,", FilePerm::kWrite, FileKind::kRegular, Owner::kSelf),
          file_op("/usr/lib/libx.so", FilePerm::kRead | FilePerm::kMapExec),
          file_op("/run/x.lock", FilePerm::kLock),
          file_op("/run/sock", FilePerm::kConnect, FileKind::kSocket)};
}

}  // namespace

TEST_CASE("what is emitted compiles and allows each operation it was made from") {
  if (!have_parser()) return;
  const Policy policy = policy_of(one_of_each());
  for (const char* exec : {"ix", "child", "auto"}) {
    const std::string text = emitted(policy, {{"exec", exec}});
    INFO(text);
    const auto decider = decider_for(text);
    for (const Rule& rule : policy.rules) {
      Fact fact = fact_of(rule.grant().operation);
      fact.subject = rule.grant().subject;
      const Decision decision = decider->decide(fact);
      INFO("operation " << rule.grant().operation.index() << ": " << decision.why);
      CHECK((decision.ruling == Ruling::kAllowed || decision.ruling == Ruling::kNotApplicable));
    }
  }
}

TEST_CASE("the profile is tight, and is the same whatever the order") {
  const Policy policy = policy_of({file_op("/etc/passwd", FilePerm::kRead), file_op("/etc/passwd", FilePerm::kLock),
                                   file_op("/etc/group", FilePerm::kGetattr)});
  Policy turned = policy;
  std::reverse(turned.rules.begin(), turned.rules.end());
  const std::string text = emitted(policy);
  CHECK(text == emitted(turned));
  CHECK(text.find("  /etc/passwd rk,\n") != std::string::npos);
  CHECK(text.find("/etc/group") == std::string::npos);
  CHECK(text.find("signal (receive) peer=unconfined,") != std::string::npos);
  CHECK(text.find("INCOMPLETE") == std::string::npos);
}

TEST_CASE("an incomplete recording is said in the profile") {
  Policy policy = policy_of({});
  policy.complete = false;
  policy.notes.push_back("run x\n} /** rwx, has no end");
  const std::string text = emitted(policy);
  CHECK(text.find("# INCOMPLETE RECORDING") != std::string::npos);
  CHECK(text.find("\n} /** rwx") == std::string::npos);
}

TEST_CASE("a deny that the program was seen to need is left out and named") {
  const std::string text = emitted(policy_of({file_op("/proc/sys/kernel/core_pattern", FilePerm::kWrite)}));
  CHECK(text.find("# Left out, since the program was seen to use it: audit deny /proc/sys/kernel/{core_pattern") !=
        std::string::npos);
  CHECK(text.find("audit deny /proc/kcore") != std::string::npos);
  CHECK(emitted(policy_of({}), {{"denies", "off"}}).find("deny") == std::string::npos);
}

TEST_CASE("standard streams work whatever they are") {
  if (!have_parser()) return;
  const auto decider = decider_for(emitted(policy_of({})));
  for (const char* path : {"/dev/null", "/dev/pts/0", "/dev/pts/12", "/dev/tty", "/dev/console"}) {
    INFO(path);
    CHECK(decider->decide(file_fact(path, FilePerm::kRead | FilePerm::kWrite, Owner::kOther, FileKind::kCharDevice)).ruling ==
          Ruling::kAllowed);
  }
  Fact inherited = file_fact("/home/user/out.txt", FilePerm::kWrite);
  std::get<FileOp>(inherited.operation).inherited = true;
  CHECK(decider->decide(inherited).ruling == Ruling::kAllowed);
  Fact opened = file_fact("/home/user/out.txt", FilePerm::kWrite);
  CHECK(decider->decide(opened).ruling == Ruling::kDenied);
}

TEST_CASE("a container's profile is applied by name") {
  if (!have_parser()) return;
  BackendOptions options;
  options.platform = Platform::kDocker;
  Diagnostics diagnostics;
  const auto emission = apparmor_backend().emit(policy_of({file_op("/etc/passwd", FilePerm::kRead)}), options, diagnostics);
  REQUIRE(emission.ok());
  const std::string& text = emission->files[0].bytes;
  CHECK(text.find("profile tool flags=(attach_disconnected, mediate_deleted) {") != std::string::npos);
  CHECK(decider_for(text)->decide(file_fact("/etc/passwd", FilePerm::kRead)).ruling == Ruling::kAllowed);
}

TEST_CASE("an abstraction comes in where it is asked for, and never an unfitting one by itself") {
  if (!have_parser() || !read_file("/etc/apparmor.d/abstractions/nameservice").ok()) return;
  const Policy policy = policy_of({file_op("/etc/passwd", FilePerm::kRead), file_op("/etc/group", FilePerm::kRead),
                                   file_op("/etc/nsswitch.conf", FilePerm::kRead), file_op("/srv/own", FilePerm::kRead)});
  const std::string asked = emitted(policy, {{"abstractions", "nameservice"}});
  CHECK(asked.find("include <abstractions/nameservice>") != std::string::npos);
  CHECK(asked.find("  /etc/passwd r,") == std::string::npos);
  CHECK(asked.find("  /srv/own r,") != std::string::npos);
  const auto decider = decider_for(asked);
  for (const Rule& rule : policy.rules)
    CHECK(decider->decide(fact_of(rule.grant().operation)).ruling == Ruling::kAllowed);
  CHECK(emitted(policy, {{"abstractions", "auto"}}).find("apache") == std::string::npos);
}

TEST_CASE("bad options and names are refused in words") {
  Diagnostics diagnostics;
  Policy policy = policy_of({});
  BackendOptions options;
  options.values["abi"] = "2.0";
  CHECK_FALSE(apparmor_backend().emit(policy, options, diagnostics).ok());
  policy.name = "a//b";
  CHECK_FALSE(apparmor_backend().emit(policy, {}, diagnostics).ok());
  policy.name.clear();
  CHECK_FALSE(apparmor_backend().emit(policy, {}, diagnostics).ok());
}

}  // namespace cordon::apparmor::test
