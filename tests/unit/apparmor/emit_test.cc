#include "apparmor/backend.h"

#include "apparmor/children.h"
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
  return {exec,
          script,
          link,
          rename,
          net,
          bus,
          create,
          capability,
          signal,
          outside,
          trace,
          mount,
          bind,
          umount,
          remount,
          private_mount,
          pivot,
          dbus,
          limit,
          space,
          change,
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
    CHECK(decider->decide(file_fact(path, FilePerm::kRead | FilePerm::kWrite, Owner::kOther, FileKind::kCharDevice))
              .ruling == Ruling::kAllowed);
  }
  Fact inherited = file_fact("/home/user/out.txt", FilePerm::kWrite);
  std::get<FileOp>(inherited.operation).inherited = true;
  CHECK(decider->decide(inherited).ruling == Ruling::kAllowed);
  Fact opened = file_fact("/home/user/out.txt", FilePerm::kWrite);
  CHECK(decider->decide(opened).ruling == Ruling::kDenied);
}

namespace {

Rule rule_by(const char* exe, Operation operation, std::string domain = {}) {
  Grant grant;
  grant.subject.exe = exe;
  grant.subject.domain = std::move(domain);
  grant.operation = std::move(operation);
  return Rule::observed(std::move(grant), {"id"});
}

ExecOp exec_op(const char* path) {
  ExecOp op;
  op.path = path;
  return op;
}

CapabilityOp capability_op(const char* name) {
  CapabilityOp op;
  op.name = name;
  return op;
}

NetOp net_op(SocketAct act, const char* address, std::uint16_t port, const char* peer, std::uint16_t peer_port) {
  NetOp op;
  op.act = act;
  op.family = "inet";
  op.type = "stream";
  op.address = address;
  op.port = port;
  op.peer_address = peer;
  op.peer_port = peer_port;
  return op;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void allows_all(const std::string& text, const Policy& policy) {
  if (!have_parser()) return;
  const auto decider = decider_for(text);
  for (const Rule& rule : policy.rules) {
    Fact fact = fact_of(rule.grant().operation);
    fact.subject = rule.grant().subject;
    const Decision decision = decider->decide(fact);
    INFO(text << "\n"
              << rule.grant().subject.exe << " operation " << rule.grant().operation.index() << ": " << decision.why);
    CHECK((decision.ruling == Ruling::kAllowed || decision.ruling == Ruling::kNotApplicable));
  }
}

}  // namespace

TEST_CASE("transitions follow from how far privileges differ") {
  Policy policy = policy_of({file_op("/etc/conf", FilePerm::kRead), exec_op("/usr/bin/like"),
                             exec_op("/usr/bin/mailer"), exec_op("/usr/bin/raw")});
  policy.rules.push_back(rule_by("/usr/bin/tool", net_op(SocketAct::kConnect, "", 0, "10.0.0.1", 443)));
  policy.rules.push_back(rule_by("/usr/bin/tool", capability_op("chown")));
  policy.rules.push_back(rule_by("/usr/bin/like", capability_op("chown")));
  policy.rules.push_back(rule_by("/usr/bin/like", net_op(SocketAct::kConnect, "", 0, "10.0.0.1", 443)));
  policy.rules.push_back(rule_by("/usr/bin/mailer", capability_op("chown")));
  policy.rules.push_back(rule_by("/usr/bin/mailer", file_op("/var/spool/mail/x", FilePerm::kWrite)));
  policy.rules.push_back(rule_by("/usr/bin/mailer", file_op("/var/log/mail", FilePerm::kAppend)));
  policy.rules.push_back(rule_by("/usr/bin/raw", capability_op("net_raw")));
  const std::string text = emitted(policy);
  INFO(text);
  CHECK(contains(text, "/usr/bin/like mrix,"));
  CHECK(contains(text, "/usr/bin/mailer mrCx,"));
  CHECK(contains(text, "/usr/bin/raw mrPx -> tool.raw,"));
  CHECK(contains(text, "\nprofile tool.raw {"));
  CHECK(contains(text, "\n  profile /usr/bin/mailer {"));
  CHECK(contains(text, "# /usr/bin/raw gets a profile of its own (Px): of 3 privileges"));
  allows_all(text, policy);
  CHECK(contains(emitted(policy, {{"exec", "ix"}}), "/usr/bin/raw mrix,"));
}

TEST_CASE("what a child starts leaves it where it has strong grants that the child's program lacks") {
  Policy policy = policy_of({exec_op("/usr/bin/sh")});
  policy.rules.push_back(rule_by("/usr/bin/sh", exec_op("/usr/bin/nice")));
  policy.rules.push_back(rule_by("/usr/bin/sh", capability_op("chown")));
  policy.rules.push_back(rule_by("/usr/bin/nice", exec_op("/usr/bin/mount")));
  policy.rules.push_back(rule_by("/usr/bin/nice", file_op("/etc/nice", FilePerm::kRead)));
  policy.rules.push_back(rule_by("/usr/bin/mount", capability_op("sys_admin")));
  policy.rules.push_back(rule_by("/usr/bin/mount", file_op("/etc/fstab", FilePerm::kRead)));
  const std::string text = emitted(policy);
  INFO(text);
  const std::size_t child = text.find("\n  profile /usr/bin/sh {"), beside = text.find("\nprofile tool.mount {");
  REQUIRE(child != std::string::npos);
  REQUIRE(beside != std::string::npos);
  const std::string of_child = text.substr(child, beside - child), of_mount = text.substr(beside);
  CHECK(contains(of_child, "/usr/bin/nice mrix,"));
  CHECK(contains(of_child, "/usr/bin/mount mrPx -> tool.mount,"));
  CHECK(contains(of_child, "/etc/nice r,"));
  CHECK(contains(of_child, "peer=tool.mount,"));
  CHECK_FALSE(contains(of_child, "sys_admin"));
  CHECK_FALSE(contains(of_child, "/etc/fstab"));
  CHECK(contains(of_mount, "capability sys_admin,"));
  CHECK(contains(of_mount, "/etc/fstab r,"));
  CHECK(contains(text,
                 "# /usr/bin/mount, started under /usr/bin/sh, gets a profile of its own (Px): it has 1 privilege"));
  allows_all(text, policy);
}

TEST_CASE("a program that runs under both profiles keeps its rules in both") {
  Policy policy = policy_of({exec_op("/usr/bin/sh"), exec_op("/usr/bin/cat"), capability_op("chown")});
  policy.rules.push_back(rule_by("/usr/bin/sh", capability_op("net_admin")));
  policy.rules.push_back(rule_by("/usr/bin/sh", exec_op("/usr/bin/cat")));
  policy.rules.push_back(rule_by("/usr/bin/cat", file_op("/etc/both", FilePerm::kRead)));
  const std::string text = emitted(policy, {{"exec", "child"}});
  INFO(text);
  const std::size_t first = text.find("/etc/both r,");
  REQUIRE(first != std::string::npos);
  CHECK(text.find("/etc/both r,", first + 1) != std::string::npos);
}

TEST_CASE("the thirteenth named transition becomes a child profile, and that is said") {
  std::vector<Operation> operations{capability_op("chown")};
  std::vector<std::string> programs;
  for (int i = 0; i < 14; ++i) programs.push_back("/usr/bin/p" + std::to_string(10 + i));
  for (const std::string& program : programs) operations.push_back(exec_op(program.c_str()));
  Policy policy = policy_of(std::move(operations));
  for (const std::string& program : programs)
    policy.rules.push_back(rule_by(program.c_str(), capability_op("net_raw")));
  const std::string text = emitted(policy);
  std::size_t named = 0;
  for (std::size_t at = text.find("Px -> "); at != std::string::npos; at = text.find("Px -> ", at + 1)) ++named;
  CHECK(named == kMaxNamedTransitions);
  CHECK(contains(text, "takes 12 named transitions"));
  allows_all(text, policy);
}

TEST_CASE("what a program does under a hat goes into the hat") {
  DomainOp change;
  change.act = "change_hat";
  change.target = "site one";
  Policy policy = policy_of({change, file_op("/etc/main", FilePerm::kRead)});
  policy.rules.push_back(rule_by("/usr/bin/tool", file_op("/srv/one/x", FilePerm::kRead), "^site one"));
  const std::string text = emitted(policy);
  INFO(text);
  const std::size_t hat = text.find("\n  ^\"site one\" {");
  REQUIRE(hat != std::string::npos);
  CHECK(text.find("/srv/one/x r,") > hat);
  CHECK(text.find("/etc/main r,") < hat);
  allows_all(text, policy);
}

TEST_CASE("stacking and changing profiles") {
  DomainOp stack;
  stack.act = "stack";
  stack.target = "other";
  DomainOp change;
  change.act = "change_onexec";
  change.target = "next";
  const std::string text = emitted(policy_of({stack, change}));
  CHECK(contains(text, "change_profile -> \"&other\","));
  CHECK(contains(text, "change_profile -> next,"));
}

TEST_CASE("addresses and ports are said where the dialect holds to them") {
  const Policy policy =
      policy_of({net_op(SocketAct::kCreate, "", 0, "", 0), net_op(SocketAct::kBind, "127.0.0.1", 80, "", 0),
                 net_op(SocketAct::kListen, "127.0.0.1", 80, "", 0),
                 net_op(SocketAct::kAccept, "127.0.0.1", 80, "10.0.0.9", 50123),
                 net_op(SocketAct::kConnect, "10.0.0.2", 50000, "10.0.0.1", 443)});
  const std::string newest = emitted(policy, {{"abi", "5.0"}});
  INFO(newest);
  CHECK(contains(newest, "network (accept, listen) inet stream ip=127.0.0.1 port=80,"));
  CHECK(contains(newest, "network (bind) inet stream ip=127.0.0.1 port=80,"));
  CHECK(contains(newest, "network (connect, receive, send) inet stream port=0-65535 peer=(ip=10.0.0.1 port=443),"));
  CHECK(contains(newest, "network (receive, send) inet stream port=0-65535 peer=(ip=none),"));
  CHECK_FALSE(contains(newest, "50000"));
  CHECK_FALSE(contains(newest, "50123"));
  for (const char* abi : {"3.0", "4.0"}) {
    const std::string older = emitted(policy, {{"abi", abi}});
    CHECK(contains(older, "network inet stream,"));
    CHECK_FALSE(contains(older, "443"));
  }
}

TEST_CASE("a container's profile is the workload's, by the names within") {
  Policy policy = policy_of({file_op("/etc/own", FilePerm::kRead)});
  policy.program = "/usr/bin/runc";
  policy.rules.push_back(rule_by("/usr/bin/runc", capability_op("sys_admin")));
  policy.rules.push_back(rule_by("/usr/bin/runc", exec_op("/var/lib/docker/overlay2/0a1b/merged/usr/bin/tool")));
  policy.rules.push_back(
      rule_by("/usr/bin/tool", file_op("/var/lib/docker/overlay2/0a1b/merged/etc/app.conf", FilePerm::kRead)));
  policy.rules.push_back(
      rule_by("/usr/bin/tool",
              file_op("/run/containerd/io.containerd.runtime.v2.task/k8s.io/77/rootfs/srv/x", FilePerm::kRead)));
  BackendOptions options;
  options.platform = Platform::kDocker;
  Diagnostics diagnostics;
  const auto emission = apparmor_backend().emit(policy, options, diagnostics);
  REQUIRE(emission.ok());
  const std::string& text = emission->files[0].bytes;
  INFO(text);
  CHECK(contains(text, "  /etc/app.conf r,"));
  CHECK(contains(text, "  /srv/x r,"));
  CHECK(contains(text, "  /usr/bin/tool mr,"));
  CHECK_FALSE(contains(text, "overlay2"));
  CHECK_FALSE(contains(text, "sys_admin"));
  CHECK(contains(text, "2 operations of the container's set-up left out, by /usr/bin/runc"));
  CHECK(contains(text, "2 names stripped"));
  CHECK(contains(emitted(policy), "overlay2"));
}

TEST_CASE("a container's profile is applied by name") {
  if (!have_parser()) return;
  BackendOptions options;
  options.platform = Platform::kDocker;
  Diagnostics diagnostics;
  const auto emission =
      apparmor_backend().emit(policy_of({file_op("/etc/passwd", FilePerm::kRead)}), options, diagnostics);
  REQUIRE(emission.ok());
  const std::string& text = emission->files[0].bytes;
  CHECK(text.find("profile tool flags=(mediate_deleted) {") != std::string::npos);
  CHECK(contains(text, "No attach_disconnected: no recorded name leads outside of the program's root."));
  CHECK(decider_for(text)->decide(file_fact("/etc/passwd", FilePerm::kRead)).ruling == Ruling::kAllowed);
}

TEST_CASE("names outside of the root are attached where they were seen, or where that is asked for") {
  FileOp outside = file_op("/streams/log", FilePerm::kWrite);
  outside.disconnected = true;
  const std::string seen = emitted(policy_of({outside}));
  CHECK(contains(seen, "profile tool /usr/bin/tool flags=(attach_disconnected) {"));
  CHECK(contains(seen, "1 recorded name outside of the program's root, the first /streams/log"));
  const std::string refused = emitted(policy_of({outside}), {{"attach-disconnected", "no"}});
  CHECK(contains(refused, "profile tool /usr/bin/tool {"));
  CHECK(contains(refused, "refused will be 1 recorded name outside of the program's root, the first /streams/log."));
  const std::string asked = emitted(policy_of({file_op("/a", FilePerm::kRead)}), {{"attach-disconnected", "yes"}});
  CHECK(contains(asked, "flags=(attach_disconnected) {"));
  CHECK(contains(asked, "attach_disconnected: asked for"));
  CHECK_FALSE(contains(emitted(policy_of({file_op("/a", FilePerm::kRead)})), "attach_disconnected"));
}

TEST_CASE("files in a folder of the program's own are written as well as its folders are listed") {
  if (!have_parser()) return;
  FileOp folder = file_op("/tmp/argDDkNZ", FilePerm::kCreate | FilePerm::kList);
  folder.kind = FileKind::kDirectory;
  FileOp below = file_op("/tmp/argDDkNZ/d", FilePerm::kCreate | FilePerm::kList);
  below.kind = FileKind::kDirectory;
  const FileOp file = file_op("/tmp/argDDkNZ/d/traces.m4", FilePerm::kCreate | FilePerm::kWrite);
  const Policy policy = policy_of({folder, below, file});
  const std::string text = emitted(policy);
  INFO(text);
  const auto decider = decider_for(text);
  for (const Rule& rule : policy.rules)
    CHECK(decider->decide(fact_of(rule.grant().operation)).ruling == Ruling::kAllowed);
}

TEST_CASE("an abstraction comes in where it is asked for, and never an unfitting one by itself") {
  if (!have_parser() || !read_file("/etc/apparmor.d/abstractions/nameservice").ok()) return;
  const Policy policy =
      policy_of({file_op("/etc/passwd", FilePerm::kRead), file_op("/etc/group", FilePerm::kRead),
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
