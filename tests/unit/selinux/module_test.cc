#include <linux/audit.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/text.h"
#include "selinux/cil.h"
#include "selinux/demand.h"
#include "selinux/diff.h"
#include "selinux/guard.h"
#include "selinux/link.h"
#include "selinux/neverallow.h"
#include "selinux/tables.h"
#include "selinux/verify.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

Module flat(std::string_view cil) {
  Diagnostics diagnostics;
  auto module = read_cil(cil, "test.cil", diagnostics);
  INFO((module ? "" : to_text(module.error())));
  REQUIRE(module.ok());
  return *module;
}

std::string refusal(std::string_view cil) {
  Diagnostics diagnostics;
  const auto module = read_cil(cil, "test.cil", diagnostics);
  return module ? "" : to_text(module.error());
}

const char* const kModule = R"((type app_t)
(roletype object_r app_t)
(roletype system_r app_t)
(typeattributeset domain (app_t))
(typetransition app_t tmp_t file app_t)
(allow app_t etc_t (file (open read)))
(allow app_t self (process (fork)))
(allowx app_t etc_t (ioctl file (0x5401 (range 0x5410 0x5412))))
(filecon "/usr/bin/app" file (system_u object_r app_t ((s0) (s0))))
)";

}  // namespace

TEST_CASE("what CIL is written is read back the same") {
  Module module = flat(kModule);
  CHECK(module.rules.size() == 2);
  CHECK(module.ioctls.begin()->second == std::set<std::uint16_t>{0x5401, 0x5410, 0x5411, 0x5412});
  CHECK(flat(write_cil(module, true)) == module);
}

TEST_CASE("CIL that is not a flat module is refused with its line") {
  CHECK(refusal("(allow a b (c (d))").find("1 parenthesis not closed") != std::string::npos);
  CHECK(refusal("(type x))") == "test.cil:1: a closing parenthesis too many");
  CHECK(refusal("\n(filecon \"x file ())") == "test.cil:2: a quoted string is not closed on its line");
  CHECK(refusal("(block b (type x))").find("(block …)") != std::string::npos);
  CHECK(refusal("(allow a b)").find("too few operands") != std::string::npos);
  CHECK(refusal(std::string(100, '(')).find("nested deeper than 64") != std::string::npos);
  CHECK(refusal("word").find("not a CIL statement") != std::string::npos);
  CHECK(refusal("(allowx a b (ioctl file (0x12345)))").find("ioctl command") != std::string::npos);
}

TEST_CASE("file contexts are read raw, with gen_context and with none") {
  const auto contexts = read_fc(
      "# note\n/a -- system_u:object_r:a_t:s0\n/b(/.*)? gen_context(system_u:object_r:b_t,s0)\n/c -d <<none>>\n",
      "x.fc");
  REQUIRE(contexts.ok());
  REQUIRE(contexts->size() == 3);
  CHECK((*contexts)[0] == FileContext{"/a", "--", "a_t", "s0"});
  CHECK((*contexts)[1] == FileContext{"/b(/.*)?", "", "b_t", "s0"});
  CHECK((*contexts)[2] == FileContext{"/c", "-d", "", ""});
  CHECK(read_fc("/a\n", "x.fc").error().where == "x.fc:1");
  CHECK_FALSE(read_fc("/a -- a:b:c:s0 more\n", "x.fc").ok());
}

TEST_CASE("a module that needs what the policy lacks does not link") {
  PolicyDb* shared = shared_policy();
  if (shared == nullptr) return;
  auto policy = PolicyDb::load(shared->where());
  REQUIRE(policy.ok());
  Diagnostics diagnostics;
  const auto linked =
      link_module(*policy, flat("(type a_t)(allow a_t gone_t (file (read)))(allow a_t a_t (file (fly)))"), diagnostics);
  REQUIRE_FALSE(linked.ok());
  CHECK(linked.error().what.find("type gone_t, permission fly of class file") != std::string::npos);
  CHECK_FALSE(policy->has_type("a_t"));
}

TEST_CASE("a logged denial is fixed, remains, or was allowed, and what is more is told") {
  PolicyDb* shared = shared_policy();
  if (shared == nullptr) return;
  auto policy = PolicyDb::load(shared->where());
  REQUIRE(policy.ok());
  const std::string httpd = "system_u:system_r:httpd_t:s0";
  const std::vector<AvOp> denials = {{httpd, "system_u:object_r:user_home_t:s0", "file", {"setattr"}, {}, {}},
                                     {httpd, "system_u:object_r:shadow_t:s0", "file", {"write"}, {}, {}},
                                     {httpd, "system_u:object_r:etc_t:s0", "file", {"read"}, {}, {}},
                                     {httpd, "system_u:object_r:gone_t:s0", "file", {"read"}, {}, {}},
                                     {httpd, "system_u:object_r:nfs_t:s0", "file", {"read"}, {}, {}}};
  Diagnostics diagnostics;
  const auto out =
      verify_denials(denials, *policy, flat("(allow httpd_t user_home_t (file (setattr relabelto)))"), diagnostics);
  REQUIRE(out.ok());
  CHECK(out->denials[0].fixed == Fixed::kFixed);
  CHECK(out->denials[1].fixed == Fixed::kRemaining);
  CHECK(out->denials[2].fixed == Fixed::kAllowed);
  CHECK(out->denials[3].fixed == Fixed::kUnknown);
  CHECK(out->denials[4].fixed == Fixed::kRemaining);
  CHECK(out->denials[4].why.find(": setsebool ") != std::string::npos);
  CHECK(out->excess == std::vector<std::string>{"allow httpd_t user_home_t:file { relabelto };"});
}

TEST_CASE("modules are compared, bounded, pruned and merged") {
  const Module base = flat("(type a_t)(allow a_t b_t (file (read)))(allow a_t c_t (file (read)))");
  const Module ours = flat("(type a_t)(allow a_t b_t (file (read write)))(allow a_t c_t (file (read)))");
  const Module theirs = flat("(type a_t)(allow a_t b_t (file (read)))(allow a_t d_t (dir (search)))");
  const auto changes = diff_modules(base, ours);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].added);
  CHECK(changes[0].rule == "allow a_t b_t:file { write };");
  CHECK(outside_bounds(ours, base, nullptr) == std::vector<std::string>{"allow a_t b_t:file { write };"});
  CHECK(outside_bounds(base, ours, nullptr).empty());
  const Merged merged = merge_modules(base, ours, theirs);
  CHECK(merged.conflicts.empty());
  CHECK(diff_modules(merged.module, flat("(type a_t)(allow a_t b_t (file (read write)))(allow a_t d_t (dir (search)))"))
            .empty());
  CHECK(diff_modules(merge_modules(base, theirs, ours).module, merged.module).empty());
  CHECK(diff_modules(merge_modules(base, base, base).module, base).empty());
}

TEST_CASE("what the base policy allows is pruned") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  const Module module = flat("(allow httpd_t etc_t (file (read write)))");
  const Pruned pruned = prune_module(module, *policy, nullptr);
  REQUIRE(pruned.dropped.size() == 1);
  CHECK(pruned.dropped[0].rule == "allow httpd_t etc_t:file read;");
  CHECK(pruned.dropped[0].why == "the base policy allows it by itself");
  CHECK(pruned.module.rules.begin()->second == std::set<std::string>{"write"});
  const Vectors nothing;
  CHECK(prune_module(module, *policy, &nothing).module.rules.empty());
}

TEST_CASE("a policy differs from itself with a module by the module") {
  PolicyDb* shared = shared_policy();
  if (shared == nullptr) return;
  auto with = PolicyDb::load(shared->where());
  REQUIRE(with.ok());
  Diagnostics diagnostics;
  CHECK(diff_policies(*shared, *with).empty());
  REQUIRE(link_module(*with, flat("(allow httpd_t shadow_t (file (read)))"), diagnostics).ok());
  const auto changes = diff_policies(*shared, *with);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].rule == "allow httpd_t shadow_t:file { read };");
  CHECK(changes[0].added);
}

TEST_CASE("neverallow rules are checked against the module alone") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  const auto rules = Neverallows::parse(
      "(typeattributeset most (not (can_read_shadow_passwords)))(neverallow most shadow_t (file (read)))", "base.cil");
  REQUIRE(rules.ok());
  const auto broken = rules->check(flat("(type new_t)(allow new_t shadow_t (file (read open)))"), *policy);
  REQUIRE(broken.broken.size() == 1);
  CHECK(broken.broken[0].rule == "allow new_t shadow_t:file { read };");
  CHECK(broken.broken[0].where == "base.cil:1");
  CHECK(rules->check(flat("(type new_t)(allow new_t shadow_t (file (getattr)))"), *policy).broken.empty());
  const Module excepted =
      flat("(type new_t)(typeattributeset can_read_shadow_passwords (new_t))(allow new_t shadow_t (file (read)))");
  CHECK(rules->check(excepted, *policy).broken.empty());
}

TEST_CASE("neverallow rules keep their lines among other statements, comments and strings") {
  const auto rules = Neverallows::parse(
      "; a (comment\n(allow a_t b_t (file (read)))\n(filecon \"/x)(\" file (())) ; (\n\n (neverallow a_t\n b_t (file "
      "(read)))\n"
      "(type x_t)(neverallow a_t c_t (dir (write)))\n",
      "base.cil");
  REQUIRE(rules.ok());
  CHECK(rules->size() == 2);
  CHECK_FALSE(Neverallows::parse("(allow a_t b_t (file (read)))(", "base.cil").ok());
  CHECK_FALSE(Neverallows::parse("(neverallow a_t b_t (file (read)", "base.cil").ok());
  CHECK_FALSE(Neverallows::parse("(type \"x)", "base.cil").ok());
  CHECK_FALSE(Neverallows::parse("(type x_t))", "base.cil").ok());
}

TEST_CASE("an attribute that brings what is never allowed breaks the rule") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr || !policy->has_attribute("files_unconfined_type")) return;
  const auto rules = Neverallows::parse("(neverallow bound_t shadow_t (file (write)))", "own.cil");
  REQUIRE(rules.ok());
  CHECK(rules->check(flat("(type bound_t)(typeattributeset domain (bound_t))"), *policy).broken.empty());
  const auto report = rules->check(flat("(type bound_t)(typeattributeset files_unconfined_type (bound_t))"), *policy);
  REQUIRE(report.broken.size() == 1);
  CHECK(report.broken[0].rule == "allow bound_t shadow_t:file { write };");
}

TEST_CASE("the installed policy's neverallow rules can be checked") {
  PolicyDb* policy = shared_policy();
  const auto rules = Neverallows::installed();
  if (policy == nullptr || !rules) return rules ? void() : skip(rules.error());
  CHECK(rules->size() >= 20);
  const auto report = rules->check(
      flat("(type new_t)(allow new_t shadow_t (file (read)))(allow new_t security_t (security (setenforce)))"),
      *policy);
  CHECK(report.broken.size() >= 2);
  CHECK(report.checked + report.unchecked.size() == rules->size());
}

TEST_CASE("guards refuse what undoes the confinement") {
  CHECK(guard_hits("a_t", "shadow_t", "file", {"getattr", "read"}).at(0).perms == std::vector<std::string>{"read"});
  CHECK(guard_hits("a_t", "sshd_exec_t", "file", {"write"}).at(0).id == "executables");
  CHECK(guard_hits("a_t", "a_t", "capability", {"sys_module"}).at(0).id == "sys-module");
  CHECK(guard_hits("a_t", "b_t", "capability", {"sys_module"}).empty());
  CHECK(guard_hits("a_t", "etc_t", "file", {"read", "write"}).empty());
  CHECK(guard_hits("a_t", "b_t", "process", {"ptrace", "signal"}).at(0).perms == std::vector<std::string>{"ptrace"});
  CHECK(guard_hits("a_t", "a_t", "process", {"ptrace"}).empty());
  CHECK(guard_hits("a_t", "self", "process", {"ptrace"}).empty());
}

TEST_CASE("the tables are whole") {
  CHECK(access_tables().files.size() == static_cast<std::size_t>(FilePerm::kCount_));
  CHECK(place_of("/var/log/x").role == "log");
  CHECK(place_of("/run/lock/x").role == "lock");
  CHECK(place_of("/varlog/x").role == "content");
  CHECK(place_of("/var/log").role == "content");
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  for (const auto& [name, row] : access_tables().files)
    for (const std::string& perm : row.object) {
      const std::string klass =
          row.klass.empty() ? (name == "mounton" || name == "search" ? "dir" : "file") : row.klass;
      INFO(name << " " << perm);
      CHECK(policy->has_perm(klass, perm));
    }
}

TEST_CASE("every netlink message type asks for one permission, by the kernel's rule of its name") {
  std::map<std::string, std::map<unsigned, std::string>> by_class;
  for (const NetlinkRow& row : access_tables().netlink)
    for (const auto& [first, last] : row.types)
      for (unsigned type = first; type <= last; ++type) CHECK(by_class[row.klass].emplace(type, row.perm).second);
  // rtnetlink.h numbers its types NEW, DEL, GET, SET in fours; nlmsgtab.c lets three that are not GET be read.
  for (const auto& [type, perm] : by_class.at("netlink_route_socket")) {
    const bool reads = type % 4 == 2 || type == RTM_DELNSID || type == RTM_NEWSTATS || type == RTM_NEWCACHEREPORT;
    INFO(type);
    CHECK(perm == (reads ? "nlmsg_read" : "nlmsg_write"));
  }
  for (const unsigned type :
       {RTM_NEWLINK, RTM_SETLINK, RTM_GETADDR, RTM_NEWROUTE, RTM_GETNEIGH, RTM_GETRULE, RTM_GETVLAN})
    CHECK(by_class["netlink_route_socket"].contains(type));
  for (unsigned type = XFRM_MSG_BASE; type <= XFRM_MSG_MAPPING; ++type)
    CHECK(by_class["netlink_xfrm_socket"].contains(type));
  CHECK(by_class["netlink_audit_socket"][AUDIT_LIST_RULES] == "nlmsg_readpriv");
  CHECK(by_class["netlink_audit_socket"][AUDIT_TTY_SET] == "nlmsg_tty_audit");
  CHECK(by_class["netlink_audit_socket"][AUDIT_FIRST_USER_MSG] == "nlmsg_relay");
  CHECK(by_class["netlink_audit_socket"][AUDIT_SET_FEATURE] == "nlmsg_write");
}

namespace {

SyscallOp call_of(const std::string& name, std::vector<ArgPredicate> args = {}) {
  SyscallOp op;
  op.name = name;
  op.args = std::move(args);
  return op;
}

template <class Op, class Set>
Operation made(Set&& set) {
  Op op;
  set(op);
  return op;
}

}  // namespace

TEST_CASE("every kind of operation asks for the class and permission that the kernel asks for") {
  struct Row {
    Operation operation;
    std::string klass, perm;
  };
  const std::vector<Row> rows = {
      {call_of("bpf", {{0, 5}}), "bpf", "prog_load"},
      {call_of("perf_event_open"), "perf_event", "open"},
      {call_of("sched_setaffinity"), "process", "setsched"},
      {call_of("setpgid"), "process", "setpgid"},
      {call_of("mmap", {{2, 7}}), "process", "execmem"},
      {call_of("mprotect", {{2, 5}}), "process", "execmem"},
      {call_of("userfaultfd"), "anon_inode", "create"},
      {call_of("statfs"), "filesystem", "getattr"},
      {call_of("syslog"), "system", "syslog_read"},
      {made<IpcOp>([](IpcOp& op) { op.kind = IpcKind::kIoUring; }), "anon_inode", "create"},
      {made<IpcOp>([](IpcOp& op) { op.kind = IpcKind::kKey; }), "key", "search"},
      {made<IpcOp>([](IpcOp& op) {
         op.kind = IpcKind::kSem;
         op.perms = {"create"};
       }),
       "sem", "create"},
      {made<RlimitOp>([](RlimitOp& op) { op.resource = "nofile"; }), "process", "setrlimit"},
      {made<NamespaceOp>([](NamespaceOp& op) { op.kind = "user"; }), "user_namespace", "create"},
      {made<CapabilityOp>([](CapabilityOp& op) { op.name = "sys_time"; }), "capability", "sys_time"},
      {made<CapabilityOp>([](CapabilityOp& op) { op.name = "perfmon"; }), "capability2", "perfmon"},
      {made<SignalOp>([](SignalOp& op) {
         op.signal = "kill";
         op.same_program = true;
       }),
       "process", "sigkill"},
      {made<PtraceOp>([](PtraceOp& op) { op.same_program = true; }), "process", "ptrace"},
      {made<NetOp>([](NetOp& op) {
         op.family = "inet";
         op.type = "stream";
         op.protocol = "sctp";
       }),
       "sctp_socket", "create"},
      {made<NetOp>([](NetOp& op) {
         op.family = "netlink";
         op.type = "raw";
         op.protocol = "kobject_uevent";
       }),
       "netlink_kobject_uevent_socket", "create"},
      {made<NetOp>([](NetOp& op) {
         op.family = "packet";
         op.type = "raw";
       }),
       "packet_socket", "create"},
      {made<FileOp>([](FileOp& op) {
         op.path = "/d";
         op.kind = FileKind::kDirectory;
         op.perms = FilePerm::kList;
       }),
       "dir", "read"},
      {made<FileOp>([](FileOp& op) {
         op.path = "/d/l";
         op.perms = FilePerm::kReadlink;
       }),
       "lnk_file", "read"},
  };
  PolicyDb* policy = shared_policy();
  for (const Row& row : rows) {
    INFO(row.operation.index() << " " << row.klass << " " << row.perm);
    const Demands demands = demands_of(row.operation, [](std::string_view) { return true; });
    CHECK(std::any_of(demands.all.begin(), demands.all.end(), [&](const Demand& demand) {
      return demand.klass == row.klass &&
             std::find(demand.perms.begin(), demand.perms.end(), row.perm) != demand.perms.end();
    }));
    if (policy != nullptr && policy->has_class(row.klass)) CHECK(policy->has_perm(row.klass, row.perm));
  }
}

TEST_CASE("memory that becomes executable asks for what the kernel asks for, and for no more") {
  const std::pair<Executable, std::set<std::string>> rows[] = {{Executable::kFile, {}},
                                                               {Executable::kWritableFile, {"execmem"}},
                                                               {Executable::kAnonymous, {"execmem"}},
                                                               {Executable::kHeap, {"execheap", "execmem"}},
                                                               {Executable::kStack, {"execmem", "execstack"}}};
  for (const char* name : {"mmap", "mprotect", "pkey_mprotect"})
    for (const auto& [executable, perms] : rows) {
      SyscallOp op = call_of(name, {{2, 7}});
      op.executable = executable;
      std::set<std::string> asked;
      for (const Demand& demand : demands_of(op, [](std::string_view) { return true; }).all) {
        CHECK((demand.klass == "process" && demand.target.kind == TargetKind::kSelf));
        asked.insert(demand.perms.begin(), demand.perms.end());
      }
      INFO(name << " " << static_cast<int>(executable));
      CHECK(asked == perms);
    }
}

TEST_CASE("a ceiling bounds the commands of ioctl too") {
  const Module ceiling = flat("(allow a_t b_t (file (ioctl read)))(allowx a_t b_t (ioctl file (0x5401)))");
  CHECK(outside_bounds(flat("(allow a_t b_t (file (ioctl)))(allowx a_t b_t (ioctl file (0x5401)))"), ceiling, nullptr)
            .empty());
  CHECK(outside_bounds(flat("(allow a_t b_t (file (ioctl)))"), ceiling, nullptr) ==
        std::vector<std::string>{"allowxperm a_t b_t:file ioctl of any command;"});
  CHECK(outside_bounds(flat("(allow a_t b_t (file (ioctl)))(allowx a_t b_t (ioctl file (0x5401 0x5402)))"), ceiling,
                       nullptr) == std::vector<std::string>{"allowxperm a_t b_t:file ioctl 0x5402;"});
  CHECK(
      outside_bounds(flat("(allow a_t b_t (file (ioctl)))"), flat("(allow a_t b_t (file (ioctl)))"), nullptr).empty());
}

TEST_CASE("a ceiling bounds the messages of netlink too") {
  const Module ceiling = flat("(allow a_t self (s (nlmsg)))(allowx a_t self (nlmsg s (0x12 (range 0x14 0x16))))");
  CHECK(
      outside_bounds(flat("(allow a_t self (s (nlmsg)))(allowx a_t self (nlmsg s (0x15)))"), ceiling, nullptr).empty());
  CHECK(outside_bounds(flat("(allow a_t self (s (nlmsg)))(allowx a_t self (nlmsg s (0x13)))"), ceiling, nullptr) ==
        std::vector<std::string>{"allowxperm a_t self:s nlmsg 0x0013;"});
  CHECK(outside_bounds(flat("(allow a_t self (s (nlmsg)))"), ceiling, nullptr) ==
        std::vector<std::string>{"allowxperm a_t self:s nlmsg of any message;"});
}

TEST_CASE("what an attribute brings is bounded like a rule") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr || !policy->has_attribute("files_unconfined_type")) return;
  const std::string own = "(type bound_t)(allow bound_t etc_t (file (read)))";
  const std::string joined = own + "(typeattributeset files_unconfined_type (bound_t))";
  CHECK(outside_bounds(flat(own), flat(own), policy).empty());
  const auto outside = outside_bounds(flat(joined), flat(own), policy);
  REQUIRE(outside.size() == 1);
  CHECK(outside[0].starts_with("typeattribute bound_t files_unconfined_type; which brings "));
  CHECK(outside_bounds(flat(joined), flat(joined), policy).empty());
  const auto brought = vectors_of_attribute(*policy, "bound_t", "files_unconfined_type");
  CHECK(brought.at({"bound_t", "shadow_t", "file"}).contains("write"));
  // What the policy lets every domain do to itself.
  const auto domain = vectors_of_attribute(*policy, "bound_t", "domain");
  CHECK(domain.at({"bound_t", "bound_t", "process"}).contains("fork"));
}

TEST_CASE("a policy differs by extended rules, permissive types and roles too") {
  PolicyDb* shared = shared_policy();
  if (shared == nullptr) return;
  auto with = PolicyDb::load(shared->where());
  REQUIRE(with.ok());
  Diagnostics diagnostics;
  REQUIRE(
      link_module(*with,
                  flat("(type new_t)(roletype system_r new_t)(typepermissive new_t)(allow new_t etc_t (file (ioctl)))"
                       "(allowx new_t etc_t (ioctl file (0x5401)))(typetransition new_t tmp_t file \"a name\" etc_t)"),
                  diagnostics)
          .ok());
  std::set<std::string> rules;
  for (const VectorChange& change : diff_policies(*shared, *with)) {
    CHECK(change.added);
    rules.insert(change.rule);
  }
  CHECK(rules == std::set<std::string>{"type new_t;", "role system_r types new_t;", "permissive new_t;",
                                       "allow new_t etc_t:file { ioctl };",
                                       "allowxperm new_t etc_t:file ioctl { 0x5401 };",
                                       "type_transition new_t tmp_t:file etc_t \"a name\";"});
}

TEST_CASE("an ioctl that any command was allowed to and that is narrowed is a narrower module") {
  Module wide;
  wide.allow("a_t", "b_t", "file", {"ioctl"});
  Module narrow = wide;
  narrow.ioctls[{RuleKind::kAllow, "a_t", "b_t", "file"}] = {0x5401};
  Module other = narrow;
  other.ioctls.begin()->second = {0x5401, 0x5413};
  const auto changes = [](const Module& a, const Module& b) {
    std::vector<std::pair<bool, std::string>> out;
    for (const VectorChange& change : diff_modules(a, b)) out.emplace_back(change.added, change.rule);
    return out;
  };
  using Changes = std::vector<std::pair<bool, std::string>>;
  CHECK(changes(wide, narrow) == Changes{{false, "allowxperm a_t b_t:file ioctl of any command;"}});
  CHECK(changes(narrow, wide) == Changes{{true, "allowxperm a_t b_t:file ioctl of any command;"}});
  CHECK(changes(narrow, other) == Changes{{true, "allowxperm a_t b_t:file ioctl 0x5413;"}});
  CHECK(changes(other, other).empty());
}
