#include <catch2/catch.hpp>

#include "audit/decision_index.h"
#include "audit/denial.h"
#include "audit/log_trace.h"
#include "audit/reader.h"
#include "facts/trace_io.h"

using namespace cordon;
using namespace cordon::audit;

namespace {

std::vector<Denial> decisions(const std::string& text, Grain grain = Grain::kDecision) {
  LogReader* at = nullptr;
  DenialStore store(grain, [&](std::uint32_t i) -> const std::string& { return at->source_name(i); });
  LogReader reader({}, [&](const Event& event) { store.add(event); });
  at = &reader;
  REQUIRE(reader.read(memory_source(text), "log"));
  reader.flush();
  return store.take();
}

Denial one(const std::string& body, const std::string& type = "AVC") {
  auto all = decisions("type=" + type + " msg=audit(1700000000.123:5): " + body + "\n");
  REQUIRE(all.size() == 1);
  return all.front();
}

template <class Op>
Op op(const Denial& denial, std::size_t index = 0) {
  INFO(denial.problem);
  REQUIRE(denial.facts.size() > index);
  return std::get<Op>(denial.facts[index].operation);
}

const std::string kAvcTail = " scontext=u:r:a_t:s0 tcontext=u:object_r:b_t:s0:c1,c2 tclass=file permissive=0";

}  // namespace

TEST_CASE("an AVC becomes an access vector") {
  const Denial denial =
      one("avc:  denied  { write read } for  pid=7 comm=7570642D30 path=\"/x y\" dev=\"sda1\" ino=1" + kAvcTail);
  CHECK(denial.outcome == Outcome::kDenied);
  CHECK(denial.by == Mechanism::kSelinux);
  const auto av = op<AvOp>(denial);
  CHECK(av.source == "u:r:a_t:s0");
  CHECK(av.target == "u:object_r:b_t:s0:c1,c2");
  CHECK(av.perms == std::vector<std::string>{"read", "write"});
  CHECK(av.path == "/x y");
  CHECK(denial.samples.front().comm == "upd-0");
  CHECK(denial.samples.front().event == "1700000000.123:5");
  CHECK(denial.details.permissive == false);
}

TEST_CASE("permissive=1 was not blocked, granted is no denial") {
  CHECK(one("avc:  denied  { read } for  scontext=a:b:c tcontext=a:b:c tclass=file permissive=1").outcome ==
        Outcome::kWouldDeny);
  CHECK_FALSE(one("avc:  granted  { read } for  scontext=a:b:c tcontext=a:b:c tclass=file").is_denial());
}

TEST_CASE("extended permissions are kept, zero too") {
  CHECK(op<AvOp>(one("avc:  denied  { ioctl } for  ioctlcmd=0x5401" + kAvcTail)).xperms ==
        std::vector<std::uint32_t>{0x5401});
  CHECK(op<AvOp>(one("avc:  denied  { ioctl } for  ioctlcmd=0x0" + kAvcTail)).xperms == std::vector<std::uint32_t>{0});
  const Denial netlink = one("avc:  denied  { nlmsg } for  nl-msgtype=22" + kAvcTail);
  CHECK(op<AvOp>(netlink).xperms == std::vector<std::uint32_t>{22});
  CHECK(netlink.details.xperm_kind == "nlmsg");
}

TEST_CASE("labels that the policy lost, ports") {
  const Denial denial =
      one("avc:  denied  { name_bind } for  src=8080 scontext=u:r:a_t tcontext=u:r:b_t tclass=tcp_socket "
          "srawcon=\"u:r:old_t\" trawcon=\"u:r:gone_t\"");
  CHECK(denial.details.source_raw == "u:r:old_t");
  CHECK(denial.details.target_raw == "u:r:gone_t");
  CHECK(denial.details.port == 8080);
}

TEST_CASE("the path comes from the PATH record of the inode, made absolute") {
  const auto all = decisions(
      "type=AVC msg=audit(1.000:1): avc:  denied  { read } for  pid=1 comm=\"c\" name=\"f\" dev=\"sda1\" ino=42" +
      kAvcTail +
      "\ntype=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=2 comm=\"c\" exe=\"/usr/bin/c\"\n"
      "type=CWD msg=audit(1.000:1): cwd=\"/srv/www\"\n"
      "type=PATH msg=audit(1.000:1): item=0 name=\"other\" inode=41\n"
      "type=PATH msg=audit(1.000:1): item=1 name=\"data/f\" inode=42\n");
  REQUIRE(all.size() == 1);
  CHECK(op<AvOp>(all[0]).path == "/srv/www/data/f");
  CHECK(all[0].facts[0].subject.exe == "/usr/bin/c");
}

TEST_CASE("an object's name does not turn an AVC into a record of AppArmor") {
  const auto denial = one("avc:  denied  { read } for  pid=1 comm=\"c\" name=\"apparmor=DENIED\"" + kAvcTail);
  CHECK(denial.by == Mechanism::kSelinux);
  CHECK(op<AvOp>(denial).path == "apparmor=DENIED");
}

TEST_CASE("who did it comes from the SYSCALL record, wherever its fields stand") {
  const auto of = [](const std::string& syscall) {
    return decisions("type=AVC msg=audit(1.000:5): avc:  denied  { read } for  pid=1" + kAvcTail +
                     "\ntype=SYSCALL msg=audit(1.000:5): " + syscall + "\n");
  };
  for (const char* syscall : {"arch=c000003e syscall=257 success=no comm=\"c\" exe=\"/bin/c\" key=(null)",
                              "exe=\"/bin/c\" comm=\"c\" arch=c000003e syscall=257",
                              "arch=c000003e syscall=257 comm=63 exe=2F62696E2F63 key=\"exe=/bin/d\""}) {
    const auto all = of(syscall);
    REQUIRE(all.size() == 1);
    CHECK(all[0].samples.at(0).exe == "/bin/c");
    CHECK(all[0].samples.at(0).comm == "c");
    CHECK(all[0].details.number == 257);
    CHECK(all[0].details.arch == "c000003e");
  }
  CHECK(of("arch=c000003e syscall=257 ocomm=\"c\"")[0].samples.at(0).comm.empty());
}

TEST_CASE("AVCs of bpf(2) and io_uring keep what their own records say") {
  const auto bpf = decisions(
      "type=AVC msg=audit(1.000:7): avc:  denied  { prog_load } for  pid=9 comm=\"bpftool\" scontext=u:r:a_t:s0 "
      "tcontext=u:r:a_t:s0 tclass=bpf permissive=0\n"
      "type=BPF msg=audit(1.000:7): prog-id=42 op=LOAD\n"
      "type=SYSCALL msg=audit(1.000:7): arch=c000003e syscall=321 success=no exit=-13 comm=\"bpftool\" "
      "exe=\"/usr/sbin/bpftool\"\n");
  REQUIRE(bpf.size() == 1);
  CHECK(op<AvOp>(bpf[0]).klass == "bpf");
  CHECK(bpf[0].facts[0].subject.exe == "/usr/sbin/bpftool");
  const auto ring = decisions(
      "type=AVC msg=audit(1.000:8): avc:  denied  { sqpoll } for  pid=9 comm=\"db\" scontext=u:r:a_t:s0 "
      "tcontext=u:r:a_t:s0 tclass=io_uring permissive=0\n"
      "type=URINGOP msg=audit(1.000:8): uring_op=18 success=no exit=-13 items=0 ppid=1 pid=9 uid=0 gid=0 "
      "subj=u:r:a_t:s0 key=(null)\n");
  REQUIRE(ring.size() == 1);
  CHECK(op<AvOp>(ring[0]).perms == std::vector<std::string>{"sqpoll"});
  CHECK(ring[0].samples.at(0).comm == "db");
  CHECK(ring[0].details.number == -1);  // no system call was made
}

TEST_CASE("records that lack what decides are counted with the reason") {
  for (const char* body :
       {"avc:  denied  { read } for  pid=1", "avc:  denied  { } for  scontext=a:b:c tcontext=a:b:c tclass=file",
        "avc:  denied", "avc:  denied  { read } for scontext=a:b:c tclass=file"}) {
    INFO(body);
    const Denial denial = one(body);
    CHECK(denial.facts.empty());
    CHECK_FALSE(denial.problem.empty());
    CHECK(denial.is_denial());
  }
}

TEST_CASE("notices are no decisions") {
  CHECK(
      decisions("type=USER_AVC msg=audit(1.000:1): pid=1 msg='avc:  received policyload notice (seqno=2) exe=\"/x\"'\n")
          .empty());
  CHECK(decisions("type=AVC msg=audit(1.000:1): apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\" "
                  "name=\"x\"\n")
            .empty());
}

TEST_CASE("SELINUX_ERR in its new and old forms") {
  for (const char* body : {"op=security_compute_sid invalid_context=\"u:r:new_t:s0\" scontext=u:r:a_t:s0 "
                           "tcontext=u:object_r:e_t:s0 tclass=process",
                           "security_compute_sid:  invalid context u:r:new_t:s0 for scontext=u:r:a_t:s0 "
                           "tcontext=u:object_r:e_t:s0 tclass=process"}) {
    INFO(body);
    const Denial denial = one(body, "SELINUX_ERR");
    CHECK(op<DomainOp>(denial).target == "u:r:new_t:s0");
    CHECK(denial.facts[0].subject.domain == "u:r:a_t:s0");
  }
  const Denial bounded =
      one("op=security_bounded_transition seresult=denied oldcontext=u:r:a_t:s0 newcontext=u:r:b_t:s0", "SELINUX_ERR");
  CHECK(op<DomainOp>(bounded).act == "security_bounded_transition");
  CHECK(op<DomainOp>(bounded).target == "u:r:b_t:s0");
}

TEST_CASE("SECCOMP names the syscall of its arch") {
  const Denial log =
      one("pid=1 comm=\"s\" exe=\"/s\" sig=0 arch=c000003e syscall=110 compat=0 ip=0x4 code=0x7ffc0000", "SECCOMP");
  CHECK(op<SyscallOp>(log).name == "getppid");
  CHECK(log.outcome == Outcome::kWouldDeny);
  const Denial i386 =
      one("pid=1 comm=\"s\" exe=\"/s\" sig=31 arch=40000003 syscall=20 compat=1 ip=0x4 code=0x80000000", "SECCOMP");
  CHECK(op<SyscallOp>(i386).name == "getpid");
  CHECK(op<SyscallOp>(i386).arch == Arch::kI386);
  CHECK(i386.outcome == Outcome::kDenied);
  const Denial errno_one = one("pid=1 exe=\"/s\" arch=c000003e syscall=110 code=0x50001", "SECCOMP");
  CHECK(errno_one.facts[0].verdict.error == "EPERM");
  CHECK(op<SyscallOp>(one("pid=1 exe=\"/s\" arch=c000003e syscall=9999 code=0x0", "SECCOMP")).number == 9999);
  CHECK(one("pid=1 exe=\"/s\" arch=deadbeef syscall=1 code=0x0", "SECCOMP").facts.empty());
}

TEST_CASE("AppArmor's classes") {
  const auto aa = [](const std::string& rest) { return one("apparmor=\"DENIED\" " + rest); };
  const auto file = op<FileOp>(
      aa("operation=\"open\" profile=\"p\" name=2F612062 requested_mask=\"wr\" denied_mask=\"wr\" fsuid=0 ouid=0"));
  CHECK(file.path == "/a b");
  CHECK(file.owner == Owner::kSelf);
  CHECK(file.perms.has(FilePerm::kRead));
  CHECK(file.perms.has(FilePerm::kWrite));
  CHECK(op<FileOp>(aa("operation=\"file_inherit\" profile=\"p\" name=\"/dev/kmsg\" denied_mask=\"r\" fsuid=0 ouid=1"))
            .inherited);
  CHECK(op<FileOp>(aa("operation=\"open\" info=\"Failed name lookup - disconnected path\" error=-13 profile=\"p\" "
                      "name=\"x/y\" denied_mask=\"r\""))
            .disconnected);
  CHECK(op<FileOp>(aa("operation=\"link\" profile=\"p\" name=\"/n\" denied_mask=\"l\" target=\"/t\"")).target == "/t");
  CHECK(op<ExecOp>(aa("operation=\"exec\" profile=\"p\" name=\"/bin/rm\" denied_mask=\"x\" target=\"p//null-/bin/rm\""))
            .transition == "p//null-/bin/rm");
  CHECK(op<CapabilityOp>(aa("operation=\"capable\" profile=\"p\" capability=23  capname=\"sys_nice\"")).name ==
        "sys_nice");
  const auto net = op<NetOp>(
      aa("operation=\"create\" profile=\"p\" family=\"inet6\" sock_type=\"stream\" protocol=6 denied_mask=\"create\""));
  CHECK(net.protocol == "tcp");
  CHECK(net.act == SocketAct::kCreate);
  const Denial three =
      aa("operation=\"connect\" class=\"net\" profile=\"p\" family=\"unix\" sock_type=\"stream\" requested=\"send "
         "receive connect\" denied=\"send receive connect\" addr=none peer_addr=\"@x\" peer=\"q\"");
  CHECK(three.facts.size() == 3);
  CHECK(op<UnixOp>(three).peer_address == "@x");
  CHECK(
      op<SignalOp>(aa("operation=\"signal\" profile=\"p\" denied_mask=\"receive\" signal=term peer=\"q\"")).direction ==
      Direction::kReceive);
  CHECK(op<PtraceOp>(aa("operation=\"ptrace\" profile=\"p\" denied_mask=\"tracedby\" peer=\"q\"")).act ==
        PtraceAct::kTracedBy);
  const auto mount =
      op<MountOp>(aa("operation=\"mount\" info=\"failed mntpnt match\" error=-13 profile=\"p\" name=\"/mnt/\" "
                     "fstype=\"tmpfs\" srcname=\"t\" flags=\"ro, nosuid\""));
  CHECK(mount.flags == std::vector<std::string>{"nosuid", "ro"});
  CHECK(op<NamespaceOp>(aa("operation=\"userns_create\" class=\"namespace\" profile=\"p\" denied=\"userns_create\""))
            .kind == "user");
  CHECK(op<IpcOp>(aa("operation=\"uring_sqpoll\" class=\"io_uring\" profile=\"p\" denied=\"sqpoll\"")).kind ==
        IpcKind::kIoUring);
  CHECK(op<IpcOp>(aa("operation=\"create\" profile=\"p\" name=\"/q\" denied=\"create\" class=\"posix_mqueue\"")).kind ==
        IpcKind::kMqueuePosix);
  CHECK(op<DomainOp>(aa("operation=\"change_profile\" profile=\"p\" target=\"q\"")).target == "q");
  CHECK(op<RlimitOp>(aa("operation=\"setrlimit\" rlimit=nofile value=9 profile=\"p\"")).resource == "nofile");
  CHECK(aa("operation=\"open\" namespace=\"root//c1\" profile=\"p\" name=\"/x\" denied_mask=\"r\"")
            .facts[0]
            .subject.container == "root//c1");
}

TEST_CASE("AppArmor masks from before 2.6.37 tell owner and other") {
  CHECK(op<FileOp>(one("operation=\"x\" denied_mask=\"r::\" name=\"/a\" profile=\"p\"", "UNKNOWN[1503]")).owner ==
        Owner::kSelf);
  CHECK(op<FileOp>(one("operation=\"x\" denied_mask=\"::r\" name=\"/a\" profile=\"p\"", "UNKNOWN[1502]")).owner ==
        Owner::kOther);
  CHECK(one("operation=\"x\" denied_mask=\"::r\" name=\"/a\" profile=\"p\"", "UNKNOWN[1502]").outcome ==
        Outcome::kWouldDeny);
}

TEST_CASE("AppArmor records that do not say what was refused") {
  const auto aa = [](const std::string& rest) { return one("apparmor=\"DENIED\" " + rest); };
  CHECK(aa("operation=\"ptrace\" profile=\"p\" target=8022C0FF denied_mask=\"read\"").facts.empty());
  CHECK(op<PtraceOp>(aa("operation=\"ptrace\" profile=\"p\" peer=\"q\" denied_mask=\"read\"")).peer == "q");
  CHECK(aa("operation=\"file_inherit\" class=\"net\" profile=\"p\" family=\"unix\" sock_type=\"stream\" "
           "requested_mask=\"receive\"")
            .facts.empty());
  CHECK(
      op<IpcOp>(
          aa("operation=\"uring_override\" class=\"io_uring\" profile=\"p\" denied=\"override_creds\" tcontext=\"q\""))
          .peer == "q");
  CHECK(op<IpcOp>(aa("operation=\"dbus_method_call\" bus=\"session\" method=\"Hello\" mask=\"send\" label=\"p\""))
            .member == "Hello");
  CHECK(aa("operation=\"userns_create\" class=\"namespace\" profile=\"unconfined\" denied=\"userns_create\" "
           "execpath=\"/bin/u\"")
            .facts[0]
            .subject.exe == "/bin/u");
}

TEST_CASE("D-Bus denials travel in USER_AVC, in AppArmor's and SELinux's form") {
  const Denial aa =
      one("pid=363 uid=102 msg='apparmor=\"DENIED\" operation=\"dbus_method_call\" bus=\"system\" name=\"o.f\" "
          "path=\"/o\" interface=\"o.f.I\" member=\"Hello\" mask=\"send\" pid=2833 label=\"p\" "
          "peer_label=\"unconfined\" exe=\"/bin/dbus-daemon\"'",
          "USER_AVC");
  CHECK(op<IpcOp>(aa).member == "Hello");
  CHECK(op<IpcOp>(aa).peer == "unconfined");
  const Denial se =
      one("pid=1 uid=81 msg='avc:  denied  { send_msg } for msgtype=method_call dest=:1.2 spid=3 tpid=4 "
          "scontext=u:r:a_t:s0 tcontext=u:r:b_t:s0 tclass=dbus  exe=\"/usr/bin/dbus-daemon\" sauid=81'",
          "USER_AVC");
  CHECK(op<AvOp>(se).klass == "dbus");
  CHECK(se.facts[0].subject.exe.empty());
}

TEST_CASE("groups count every record, and ignore pids and inodes") {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "type=AVC msg=audit(1700000000.000:" + std::to_string(i + 1) +
            "): avc:  denied  { read } for  pid=" + std::to_string(i) + " comm=\"c\" name=\"f" + std::to_string(i % 3) +
            "\" ino=" + std::to_string(i) + kAvcTail + "\n";
  const auto coarse = decisions(text);
  REQUIRE(coarse.size() == 1);
  CHECK(coarse[0].tally.count == 100);
  CHECK(coarse[0].samples.size() == 3);
  const auto fine = decisions(text, Grain::kFact);
  CHECK(fine.size() == 3);
}

TEST_CASE("facts of a log are a trace that reads back") {
  const auto denials = decisions(
      "type=AVC msg=audit(1.000:1): avc:  denied  { read } for  pid=1 comm=\"c\" name=\"f\"" + kAvcTail + "\n",
      Grain::kFact);
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  REQUIRE(reader.add_text(trace_section(denials, 0), "section"));
  const Trace trace = reader.finish();
  REQUIRE(trace.facts.size() == 1);
  CHECK(trace.complete());
  CHECK(trace.facts[0].same_as(denials[0].facts[0]));
  CHECK(trace.facts[0].tally.count == 1);
}

TEST_CASE("sections of facts hold every decision, however many sections there are") {
  std::string text =
      "type=AVC msg=audit(1.000:1): avc:  denied  { read } for  pid=1 comm=\"c\"\n";  // no contexts: no fact
  for (int i = 0; i < 30000; ++i)
    text += "type=AVC msg=audit(1700000000.000:" + std::to_string(i + 2) +
            "): avc:  denied  { read } for  pid=1 comm=\"c\" name=\"f" + std::to_string(i % 20000) + "\"" + kAvcTail +
            "\n";
  LogReader* at = nullptr;
  std::string out;
  FactSections sections([&](std::uint32_t i) -> const std::string& { return at->source_name(i); },
                        [&](const std::string& part) { out += part; });
  LogReader reader({}, [&](const Event& event) { sections.add(event); });
  at = &reader;
  REQUIRE(reader.read(memory_source(text), "log"));
  reader.flush();
  sections.finish(0);
  CHECK(sections.decisions() == 30001);
  CHECK(sections.undecoded() == 1);
  Diagnostics diagnostics;
  TraceReader traces(diagnostics);
  REQUIRE(traces.add_text(out, "sections"));
  const Trace trace = traces.finish();
  CHECK(trace.runs.size() > 1);
  CHECK(trace.facts.size() == 20000);
  std::uint64_t counted = 0;
  for (const Fact& fact : trace.facts) counted += fact.tally.count;
  CHECK(counted == 30000);
}

TEST_CASE("a torn record is not taken for the notice that it holds, whichever comes first") {
  const std::string status =
      "type=1400 audit(1.000:8): apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\" name=\"x\" "
      "pid=1\n";
  const std::string torn =
      "type=1400 audit(1.000:9): apparmo16.584:8): apparmor=\"STATUS\" operation=\"profile_load\" "
      "profile=\"unconfined\" name=\"x\" pid=1\n";
  for (const std::string& text : {status + torn, torn + status}) {
    const auto all = decisions(text);
    REQUIRE(all.size() == 1);
    CHECK_FALSE(all[0].problem.empty());
  }
  // What is left when the pid is cut out is the same.
  const std::string tail = " x apparmor=\"STATUS\" operation=\"profile_load\" profile=\"p\"";
  CHECK(decisions("type=1400 audit(1.000:8): pid=1" + tail + "\ntype=USER_AVC msg=audit(1.000:9): pid=1 msg='" + tail +
                  "'\n")
            .size() == 1);
}

TEST_CASE("records of AppArmor that only their type tells apart are apart") {
  const std::string body =
      "msg=audit(1.000:8): operation=\"inode_permission\" requested_mask=\"r\" denied_mask=\"r\" name=\"/f\" pid=1 "
      "profile=\"/bin/p\"\n";
  const auto all =
      decisions("type=APPARMOR_STATUS " + body + "type=APPARMOR_ALLOWED " + body + "type=APPARMOR_DENIED " + body);
  REQUIRE(all.size() == 2);
  CHECK(all[0].outcome == Outcome::kWouldDeny);
  CHECK(all[1].outcome == Outcome::kDenied);
}

TEST_CASE("an index of decisions keeps its values where they are as it grows") {
  DecisionIndex<int> index;
  const auto key = [](int i) { return std::string(static_cast<std::size_t>(i % 300), 'k') + '\0' + std::to_string(i); };
  std::vector<int*> places;
  for (int i = 0; i < 5000; ++i) {
    const auto placed = index.place(key(i));
    REQUIRE(placed.second);
    placed.first = i;
    places.push_back(&placed.first);
  }
  for (int i = 0; i < 5000; ++i) {
    const auto placed = index.place(key(i));
    REQUIRE_FALSE(placed.second);
    REQUIRE(&placed.first == places[static_cast<std::size_t>(i)]);
    REQUIRE(placed.first == i);
  }
  int next = 0;
  index.for_each([&](int value) { REQUIRE(value == next++); });
  CHECK(next == 5000);
  CHECK(index.place(std::string(100'000, 'x')).second);
  CHECK(index.place("").second);
  index.clear();
  CHECK(index.place(key(1)).second);
}
