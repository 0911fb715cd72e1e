#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/fd.h"
#include "policy/needs.h"
#include "selinux/backend.h"
#include "selinux/cil.h"
#include "selinux/labels.h"
#include "selinux/package.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

Fact file(const std::string& path, FilePerms perms, FileKind kind = FileKind::kRegular) {
  Fact fact;
  FileOp op;
  op.path = path;
  op.perms = perms;
  op.kind = kind;
  fact.operation = op;
  return fact;
}

template <class Op>
Fact fact_of(Op op) {
  Fact fact;
  fact.operation = std::move(op);
  return fact;
}

Fact call(const std::string& name) {
  SyscallOp op;
  op.name = name;
  return fact_of(op);
}

std::vector<Fact> small_program() {
  NetOp bind;
  bind.act = SocketAct::kBind;
  bind.family = "inet";
  bind.type = "stream";
  bind.address = "127.0.0.1";
  bind.port = 8080;
  NetOp create = bind;
  create.act = SocketAct::kCreate;
  CapabilityOp capability;
  capability.name = "net_bind_service";
  ExecOp exec;
  exec.path = "/usr/bin/gzip";
  exec.loader = "/usr/lib64/ld-linux-x86-64.so.2";
  return {file("/etc/passwd", FilePerm::kRead),
          file("/usr/lib/x86_64-linux-gnu/libc.so.6", FilePerm::kRead | FilePerm::kMapExec),
          file("/var/log/small.log", FilePerm::kAppend | FilePerm::kCreate),
          file("/tmp/small.XYZ", FilePerm::kRead | FilePerm::kWrite | FilePerm::kCreate | FilePerm::kUnlink),
          file("/run/small.pid", FilePerm::kWrite | FilePerm::kCreate),
          file("/proc/meminfo", FilePerm::kRead),
          file("/proc/self/status", FilePerm::kRead),
          file("/dev/null", FilePerm::kWrite, FileKind::kCharDevice),
          fact_of(create),
          fact_of(bind),
          fact_of(capability),
          fact_of(exec),
          call("clone"),
          call("read")};
}

Policy policy_of(const std::vector<Fact>& facts, const std::string& name = "small") {
  Policy out;
  out.name = name;
  out.program = "/usr/bin/small";
  for (const Fact& fact : facts)
    out.rules.push_back(Rule::observed({fact.subject, fact.operation, std::nullopt}, {fact_id(fact)}));
  return out;
}

std::string bytes_of(const Emission& emission, const std::string& suffix) {
  for (const EmittedFile& file : emission.files)
    if (file.suffix == suffix) return file.bytes;
  return {};
}

/// Writes the emission's files to a directory of its own and gives their paths.
struct Written {
  std::filesystem::path directory;
  std::vector<std::string> paths;
  explicit Written(const Emission& emission, const std::vector<std::string>& only = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "cordon-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory = name;
    for (const EmittedFile& file : emission.files) {
      if (!only.empty() && std::find(only.begin(), only.end(), file.suffix) == only.end()) continue;
      paths.push_back((directory / ("small" + file.suffix)).string());
      std::ofstream(paths.back(), std::ios::binary) << file.bytes;
    }
  }
  ~Written() { std::filesystem::remove_all(directory); }
};

std::string say(const Result<Emission>& emission) { return emission ? "" : to_text(emission.error()); }

}  // namespace

TEST_CASE("every fact of a program is allowed by the module made of it") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const auto facts = small_program();
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  INFO(say(emission));
  REQUIRE(emission.ok());
  if (std::getenv("CORDON_TEST_SHOW") != nullptr)
    for (const EmittedFile& file : emission->files)
      if (file.suffix != ".pp") std::cerr << "== " << file.suffix << "\n" << file.bytes;
  for (const auto& suffixes :
       {std::vector<std::string>{".cil"}, {".pp"}, {".te", ".fc"}, {".te", ".fc", ".if", ".cil", ".pp"}}) {
    const Written written(*emission, suffixes);
    if (written.paths.size() != suffixes.size()) continue;
    auto decider = selinux_backend().read(written.paths, {}, diagnostics);
    INFO(suffixes.front() << ": " << (decider ? "" : to_text(decider.error())));
    REQUIRE(decider.ok());
    for (const Fact& fact : facts) {
      const Decision decision = (*decider)->decide(fact);
      INFO(kind_of(fact.operation) << " " << decision.by << " | " << decision.why);
      const auto* syscall = std::get_if<SyscallOp>(&fact.operation);
      const bool read_call = syscall != nullptr && syscall->name == "read";
      CHECK(decision.ruling == (read_call ? Ruling::kNotApplicable : Ruling::kAllowed));
    }
  }
}

TEST_CASE("what was not seen is denied") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const auto emission = selinux_backend().emit(policy_of(small_program()), {}, diagnostics);
  REQUIRE(emission.ok());
  const Written written(*emission, {".cil"});
  auto decider = selinux_backend().read(written.paths, {}, diagnostics);
  REQUIRE(decider.ok());
  NetOp connect;
  connect.act = SocketAct::kConnect;
  connect.family = "inet";
  connect.type = "stream";
  connect.peer_port = 25;
  SignalOp signal;
  signal.signal = "kill";
  CapabilityOp admin;
  admin.name = "sys_admin";
  for (const Fact& fact :
       {file("/etc/shadow", FilePerm::kRead), file("/etc/passwd", FilePerm::kWrite),
        file("/var/log/other.log", FilePerm::kAppend), file("/usr/bin/new", FilePerm::kCreate), fact_of(connect),
        fact_of(admin), file("/dev/mem", FilePerm::kRead, FileKind::kCharDevice)}) {
    const Decision decision = (*decider)->decide(fact);
    INFO(decision.by << " | " << decision.why);
    CHECK(decision.ruling == Ruling::kDenied);
    CHECK_FALSE(decision.why.empty());
  }
  CHECK((*decider)->decide(fact_of(signal)).ruling == Ruling::kCannotTell);
}

TEST_CASE("order and repetition of the rules do not change a byte") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  auto facts = small_program();
  const auto first = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  std::reverse(facts.begin(), facts.end());
  facts.push_back(facts.front());
  const auto second = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  for (const char* suffix : {".te", ".fc", ".if", ".cil", ".pp"})
    CHECK(bytes_of(*first, suffix) == bytes_of(*second, suffix));
}

TEST_CASE("two places of one name under one label get no transition that takes one for the other") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const std::vector<Fact> facts = {file("/var/cache/same", FilePerm::kCreate, FileKind::kDirectory),
                                   file("/var/other", FilePerm::kCreate, FileKind::kDirectory),
                                   file("/var/same", FilePerm::kCreate, FileKind::kDirectory)};
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(emission.ok());
  const std::string te = bytes_of(*emission, ".te");
  CHECK(te.find("type_transition small_t var_t:dir small_cache_t;") != std::string::npos);
  CHECK(te.find("type_transition small_t var_t:dir small_rw_t \"other\";") != std::string::npos);
  CHECK(te.find("\"same\"") == std::string::npos);
  CHECK(std::any_of(emission->added.begin(), emission->added.end(), [](const std::string& line) {
    return line.starts_with("no transition: /var/same is made in a directory of var_t");
  }));
}

TEST_CASE("a hostile file name never becomes a rule") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const std::vector<std::string> names = {"/tmp/a\n(allow init_t shadow_t (file (write)))",
                                          "/tmp/\"; allow a b:c d;",
                                          "/tmp/x system_u:object_r:shadow_t:s0",
                                          "/tmp/.*",
                                          "/tmp/a{1,9}(b|c)[d]?*$^",
                                          "/tmp/`define(', /etc/shadow",
                                          std::string("/tmp/\xff\xfe\x01"),
                                          "/tmp/#'\\"};
  std::vector<Fact> facts;
  for (const std::string& name : names) facts.push_back(file(name, FilePerm::kWrite | FilePerm::kCreate));
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  INFO(say(emission));
  REQUIRE(emission.ok());
  CHECK(bytes_of(*emission, ".te").find("shadow_t") == std::string::npos);
  const auto cil = read_cil(bytes_of(*emission, ".cil"), "cil", diagnostics);
  REQUIRE(cil.ok());
  CHECK_FALSE(requirements(*cil).types.contains("shadow_t"));
  for (const FileContext& context : cil->contexts) CHECK(context.type.starts_with("small_"));
  CHECK_FALSE(bytes_of(*emission, ".pp").empty());
  const auto contexts = read_fc(bytes_of(*emission, ".fc"), "fc");
  REQUIRE(contexts.ok());
  CHECK(contexts->size() == names.size() + 1);
  auto labels = Labels::of_module(*contexts, true);
  REQUIRE(labels.ok());
  for (const std::string& name : names)
    CHECK(type_of(labels->lookup(name, FileKind::kRegular).value_or("")) == "small_tmp_t");
  CHECK_FALSE(labels->lookup("/tmp/anything", FileKind::kRegular).has_value());
}

TEST_CASE("a name that the policy has already is told apart") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const auto emission = selinux_backend().emit(policy_of(small_program(), "httpd"), {}, diagnostics);
  REQUIRE(emission.ok());
  CHECK(bytes_of(*emission, ".te").starts_with("module httpd_cordon 1.0.0;"));
  CHECK(bytes_of(*emission, ".te").find("type httpd_cordon_t;") != std::string::npos);
}

TEST_CASE("refpolicy's style calls interfaces that grant little more") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  BackendOptions options;
  options.values = {{"style", "refpolicy"}};
  const auto emission = selinux_backend().emit(policy_of(small_program()), options, diagnostics);
  INFO(say(emission));
  REQUIRE(emission.ok());
  if (!diagnostics.all().empty()) {
    WARN("skip: " << diagnostics.all().front().what);
    return;
  }
  const std::string te = bytes_of(*emission, ".te");
  CHECK(te.starts_with("policy_module(small, 1.0.0)"));
  CHECK(te.find("(small_t)") != std::string::npos);
  CHECK(bytes_of(*emission, ".fc").find("gen_context(system_u:object_r:small_exec_t,s0)") != std::string::npos);
}

TEST_CASE("a guard keeps the password file out and says so") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const auto emission = selinux_backend().emit(policy_of({file("/etc/shadow", FilePerm::kRead)}), {}, diagnostics);
  REQUIRE(emission.ok());
  CHECK(bytes_of(*emission, ".te").find("shadow_t") == std::string::npos);
  CHECK_FALSE(diagnostics.all().empty());
}

TEST_CASE("neverallow rules and bounds are gates") {
  if (shared_policy() == nullptr) return;
  const Written none{Emission{}};
  const auto gate = [&](const std::string& option, const std::string& cil) {
    const std::string path = (none.directory / "gate.cil").string();
    std::ofstream(path, std::ios::binary) << cil;
    BackendOptions options;
    options.values = {{option, path}};
    Diagnostics diagnostics;
    return selinux_backend().emit(policy_of({file("/etc/passwd", FilePerm::kRead)}), options, diagnostics);
  };
  CHECK(gate("neverallow", "(neverallow domain etc_t (file (write)))").ok());
  const auto broken = gate("neverallow", "(neverallow domain etc_t (file (read)))");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().code == ErrorCode::kRefused);
  CHECK(broken.error().what.find("small_t etc_t:file { read }") != std::string::npos);
  CHECK(gate("bounds", "(allow small_t etc_t (file (read)))").error().code == ErrorCode::kRefused);
  CHECK(gate("bounds", "(((").error().code == ErrorCode::kBadInput);
}

namespace {

Fact connects(const std::string& address, const std::string& type = "stream") {
  UnixOp op;
  op.act = SocketAct::kConnect;
  op.type = type;
  op.peer_address = address;
  return fact_of(op);
}

Fact command_on(const std::string& path, std::uint32_t command) {
  IoctlOp op;
  op.path = path;
  op.command = command;
  op.kind = FileKind::kRegular;
  return fact_of(op);
}

/// The emission's .cil, read back by a decider that knows the facts.
std::unique_ptr<Decider> decider_of(const Emission& emission, const std::vector<Fact>& facts,
                                    const BackendOptions& options = {}) {
  const Written written(emission, {".cil"});
  Diagnostics diagnostics;
  auto decider = selinux_backend().read(written.paths, options, diagnostics);
  INFO((decider ? "" : to_text(decider.error())));
  REQUIRE(decider.ok());
  (*decider)->prepare(facts);
  return std::move(*decider);
}

bool holds(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.find(part) != line.npos; });
}

}  // namespace

TEST_CASE("the listener of a socket is taken from the policy, and what was assumed is said") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const std::vector<Fact> facts = {connects("/run/dbus/system_bus_socket"), connects("/run/mysqld/mysqld.sock"),
                                   connects("/dev/log", "dgram")};
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(emission.ok());
  const auto decider = decider_of(*emission, facts);
  for (const auto& [fact, domain] :
       {std::pair(facts[0], "system_dbusd_t"), std::pair(facts[1], "mysqld_t"), std::pair(facts[2], "syslogd_t")}) {
    INFO(domain);
    CHECK(holds(emission->summary, std::string("assumed: ") + domain));
    CHECK(decider->decide(fact).ruling == Ruling::kAllowed);
    CHECK(decider->decide(fact).why.find(domain) != std::string::npos);
  }
}

TEST_CASE("a socket that tells nothing of its listener is asked for, and --peer tells") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  UnixOp bind;
  bind.act = SocketAct::kBind;
  bind.type = "stream";
  bind.address = "@mine";
  const std::vector<Fact> facts = {connects("/tmp/x.sock"), connects("@theirs"), connects("@mine"), fact_of(bind)};
  const auto untold = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(untold.ok());
  const auto decider = decider_of(*untold, facts);
  CHECK(decider->decide(facts[0]).ruling == Ruling::kCannotTell);
  CHECK(decider->decide(facts[0]).why.find("--peer") != std::string::npos);
  CHECK(decider->decide(facts[1]).ruling == Ruling::kCannotTell);
  CHECK(decider->decide(facts[2]).ruling == Ruling::kAllowed);
  BackendOptions options;
  options.values = {{"peer", "/tmp/x.sock=httpd_t, @theirs=xserver_t"}};
  const auto told = selinux_backend().emit(policy_of(facts), options, diagnostics);
  REQUIRE(told.ok());
  CHECK(bytes_of(*told, ".te").find("allow small_t httpd_t:unix_stream_socket connectto;") != std::string::npos);
  CHECK(bytes_of(*told, ".te").find("allow small_t xserver_t:unix_stream_socket connectto;") != std::string::npos);
  for (const Fact& fact : facts) CHECK(decider_of(*told, facts, options)->decide(fact).ruling == Ruling::kAllowed);
  for (const char* wrong : {"x", "=a_t", "/x=", "/x=no_such_t"}) {
    options.values = {{"peer", wrong}};
    CHECK(selinux_backend().emit(policy_of(facts), options, diagnostics).error().code == ErrorCode::kUsage);
  }
}

TEST_CASE("a program that is signalled runs in what init starts it in") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  SignalOp signal;
  signal.signal = "hup";
  signal.peer = "/usr/sbin/sshd";
  const std::vector<Fact> facts = {fact_of(signal)};
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(emission.ok());
  CHECK(holds(emission->summary, "sshd_t"));
  CHECK(decider_of(*emission, facts)->decide(facts[0]).ruling == Ruling::kAllowed);
}

TEST_CASE("ioctl is narrowed to the commands that were seen, and those with permissions of their own have these") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  constexpr std::uint32_t kFiemap = 0xc020660b, kFionread = 0x541b, kFionbio = 0x5421, kClone = 0x40049409;
  const std::vector<Fact> facts = {file("/etc/passwd", FilePerm::kRead), command_on("/etc/passwd", kFiemap),
                                   command_on("/etc/passwd", kFionread), command_on("/etc/passwd", kFionbio)};
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(emission.ok());
  CHECK(bytes_of(*emission, ".te").find("allowxperm small_t etc_t:file ioctl { 0x5401 0x660b };") != std::string::npos);
  CHECK(bytes_of(*emission, ".cil").find("(allowx small_t etc_t (ioctl file (0x5401 0x660b)))") != std::string::npos);
  for (const std::string suffix : {".cil", ".pp"}) {
    const Written written(*emission, {suffix});
    if (written.paths.empty()) continue;
    auto decider = selinux_backend().read(written.paths, {}, diagnostics);
    REQUIRE(decider.ok());
    CHECK((*decider)->decide(command_on("/etc/passwd", kFiemap)).ruling == Ruling::kAllowed);
    CHECK((*decider)->decide(command_on("/etc/passwd", kFionread)).ruling == Ruling::kAllowed);
    CHECK((*decider)->decide(command_on("/etc/passwd", kFionbio)).ruling == Ruling::kNotApplicable);
    CHECK((*decider)->decide(command_on("/etc/passwd", kClone)).ruling == Ruling::kDenied);
  }
  BackendOptions options;
  options.values = {{"ioctl", "any"}};
  const auto any = selinux_backend().emit(policy_of(facts), options, diagnostics);
  REQUIRE(any.ok());
  CHECK(bytes_of(*any, ".te").find("allowxperm") == std::string::npos);
}

TEST_CASE("a port that no service is known for can get a type of its own") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  NetOp bind;
  bind.act = SocketAct::kBind;
  bind.family = "inet";
  bind.type = "stream";
  bind.address = "127.0.0.1";
  bind.port = 8123;
  NetOp other = bind;
  other.port = 8124;
  const std::vector<Fact> facts = {fact_of(bind)};
  const auto shared = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(shared.ok());
  CHECK(holds(shared->summary, "--own-ports"));
  CHECK(decider_of(*shared, facts)->decide(fact_of(other)).ruling == Ruling::kAllowed);
  BackendOptions options;
  options.values = {{"own-ports", "1"}};
  const auto own = selinux_backend().emit(policy_of(facts), options, diagnostics);
  REQUIRE(own.ok());
  CHECK(holds(own->summary, "semanage port -a -t small_port_t -p tcp 8123"));
  CHECK(bytes_of(*own, ".cil").find("(portcon tcp 8123 (system_u object_r small_port_t ((s0) (s0))))") !=
        std::string::npos);
  const auto decider = decider_of(*own, facts);
  CHECK(decider->decide(facts[0]).ruling == Ruling::kAllowed);
  CHECK(decider->decide(fact_of(other)).ruling == Ruling::kDenied);
}

TEST_CASE("file contexts are written for what the policy's aliases make of a path, and beside its own lines") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const std::vector<Fact> facts = {file("/run/lock/small.lock", FilePerm::kWrite | FilePerm::kCreate)};
  const auto aliased = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(aliased.ok());
  CHECK(bytes_of(*aliased, ".fc").find("/var/lock/small\\.lock") != std::string::npos);
  CHECK(decider_of(*aliased, facts)->decide(facts[0]).ruling == Ruling::kAllowed);
  Policy policy = policy_of(facts, "passwd");
  policy.program = "/usr/bin/passwd";
  const auto beside = selinux_backend().emit(policy, {}, diagnostics);
  REQUIRE(beside.ok());
  CHECK(bytes_of(*beside, ".fc").find("/usr/bin/passw\\x64") != std::string::npos);
  CHECK(respelled("/a/b\\.c(/.*)?") == "/a/b\\.\\x63(/.*)?");
  CHECK(literal_of(respelled("/usr/bin/passwd")) == "/usr/bin/passwd");
}

TEST_CASE("what the disk says otherwise than the file contexts is a finding, not a rule") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  AvOp denied;
  denied.source = "system_u:system_r:small_t:s0";
  denied.target = "system_u:object_r:var_spool_t:s0";
  denied.klass = "file";
  denied.perms = {"read"};
  const auto without = selinux_backend().emit(policy_of({fact_of(denied)}), {}, diagnostics);
  denied.path = "/usr/share/small/data";
  const auto with = selinux_backend().emit(policy_of({fact_of(denied)}), {}, diagnostics);
  REQUIRE((without.ok() && with.ok()));
  CHECK(bytes_of(*without, ".te").find("allow small_t var_spool_t:file read;") != std::string::npos);
  CHECK(bytes_of(*with, ".te").find("var_spool_t") == std::string::npos);
  CHECK(bytes_of(*with, ".te").find("allow small_t usr_t:file read;") != std::string::npos);
  CHECK(holds(with->summary, "mislabelled: /usr/share/small/data bears var_spool_t"));
}

namespace {

Fact sends(const std::string& protocol, std::uint16_t message, SocketAct act = SocketAct::kSend) {
  NetOp op;
  op.act = act;
  op.family = "netlink";
  op.type = "raw";
  op.protocol = protocol;
  op.message = message;
  return fact_of(op);
}

}  // namespace

TEST_CASE("a netlink message asks for what its type means, and what another type means is denied") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  constexpr std::uint16_t kNewLink = 16, kGetLink = 18, kGetAddr = 22, kSockDestroy = 21, kAuditUserMessage = 1112;
  const std::vector<Fact> reads = {sends("route", kGetLink), sends("route", kGetAddr, SocketAct::kWrite)};
  const auto reading = selinux_backend().emit(policy_of(reads), {}, diagnostics);
  REQUIRE(reading.ok());
  CHECK(bytes_of(*reading, ".te").find("allow small_t self:netlink_route_socket { nlmsg_read write };") !=
        std::string::npos);
  const auto decider = decider_of(*reading, reads);
  for (const Fact& fact : reads) CHECK(decider->decide(fact).ruling == Ruling::kAllowed);
  CHECK(decider->decide(sends("route", kNewLink)).ruling == Ruling::kDenied);
  CHECK(decider->decide(sends("route", kNewLink)).why.find("nlmsg_write") != std::string::npos);
  const auto writing = selinux_backend().emit(
      policy_of({sends("route", kNewLink), sends("sock_diag", kSockDestroy), sends("audit", kAuditUserMessage)}), {},
      diagnostics);
  REQUIRE(writing.ok());
  CHECK(bytes_of(*writing, ".te").find("allow small_t self:netlink_route_socket { nlmsg_write write };") !=
        std::string::npos);
  CHECK(bytes_of(*writing, ".te").find("allow small_t self:netlink_tcpdiag_socket { nlmsg_write write };") !=
        std::string::npos);
  CHECK(bytes_of(*writing, ".te").find("allow small_t self:netlink_audit_socket { nlmsg_relay write };") !=
        std::string::npos);
}

TEST_CASE("a changed mapping that becomes executable is execmod, another is not") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const std::string path = "/usr/lib/small/old.so";
  const std::vector<Fact> facts = {file(path, FilePerms(FilePerm::kRead) | FilePerm::kMapExec | FilePerm::kMapChanged)};
  const auto changed = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  const auto plain =
      selinux_backend().emit(policy_of({file(path, FilePerms(FilePerm::kRead) | FilePerm::kMapExec)}), {}, diagnostics);
  REQUIRE((changed.ok() && plain.ok()));
  CHECK(bytes_of(*changed, ".te").find("allow small_t lib_t:file { execmod execute getattr") != std::string::npos);
  CHECK(bytes_of(*plain, ".te").find("execmod") == std::string::npos);
  CHECK(decider_of(*changed, facts)->decide(facts[0]).ruling == Ruling::kAllowed);
  CHECK(decider_of(*plain, facts)->decide(facts[0]).ruling == Ruling::kDenied);
}

TEST_CASE("a program that asks for another context may take that one alone") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  const auto asks = [](const std::string& act, const std::string& target) {
    DomainOp op;
    op.act = act;
    op.target = target;
    return fact_of(op);
  };
  const std::vector<Fact> facts = {asks("setcon", "system_u:system_r:httpd_t:s0"),
                                   asks("setexec", "system_u:system_r:sshd_t:s0")};
  const auto emission = selinux_backend().emit(policy_of(facts), {}, diagnostics);
  REQUIRE(emission.ok());
  const std::string te = bytes_of(*emission, ".te");
  CHECK(te.find("allow small_t httpd_t:process dyntransition;") != std::string::npos);
  CHECK(te.find("setcurrent") != std::string::npos);
  CHECK(te.find("setexec") != std::string::npos);
  const auto decider = decider_of(*emission, facts);
  CHECK(decider->decide(asks("setcon", "system_u:system_r:named_t:s0")).ruling == Ruling::kDenied);
}

TEST_CASE("the permissive stage is asked for, is in every form, and is gone without it") {
  if (shared_policy() == nullptr) return;
  Diagnostics diagnostics;
  BackendOptions options;
  options.values = {{"permissive", "1"}};
  const auto staged = selinux_backend().emit(policy_of(small_program()), options, diagnostics);
  const auto enforced = selinux_backend().emit(policy_of(small_program()), {}, diagnostics);
  REQUIRE((staged.ok() && enforced.ok()));
  CHECK(bytes_of(*staged, ".te").find("\npermissive small_t;\n") != std::string::npos);
  CHECK(bytes_of(*staged, ".cil").find("(typepermissive small_t)") != std::string::npos);
  for (const char* suffix : {".te", ".cil"}) CHECK(bytes_of(*enforced, suffix).find("permissive") == std::string::npos);
  for (const auto& [emission, wanted] : {std::pair(&*staged, true), std::pair(&*enforced, false)}) {
    if (bytes_of(*emission, ".pp").empty()) continue;
    const auto cil = package_to_cil(bytes_of(*emission, ".pp"), "small.pp");
    REQUIRE(cil.ok());
    CHECK((cil->find("(typepermissive small_t)") != std::string::npos) == wanted);
  }
}

TEST_CASE("a switch that the policy has for it is told, with what it would open beside") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  const auto booleans = policy->booleans();
  const BooleanSetting off{"global_ssp", false};
  if (std::find(booleans.begin(), booleans.end(), off) == booleans.end()) {
    WARN("skip: the policy has no boolean global_ssp that is off");
    return;
  }
  Diagnostics diagnostics;
  const auto emission = selinux_backend().emit(
      policy_of({file("/dev/urandom", FilePerm::kRead, FileKind::kCharDevice)}), {}, diagnostics);
  REQUIRE(emission.ok());
  CHECK(holds(emission->summary, "setsebool global_ssp=on would allow"));
  CHECK(holds(emission->summary, "to every domain"));
}

// Hidden: writes the module's files where the scripts of tests/selinux want them.
TEST_CASE("the small program's module is written out", "[.sample]") {
  const char* out = std::getenv("CORDON_TEST_OUT");
  const char* base = std::getenv("CORDON_TEST_BASE");
  const char* contexts = std::getenv("CORDON_TEST_CONTEXTS");
  REQUIRE((out != nullptr && base != nullptr && contexts != nullptr));
  BackendOptions options;
  options.values = {{"policy", base}, {"file-contexts", contexts}};
  if (const char* style = std::getenv("CORDON_TEST_STYLE")) options.values["style"] = style;
  Diagnostics diagnostics;
  const auto emission = selinux_backend().emit(policy_of(small_program()), options, diagnostics);
  INFO(say(emission));
  REQUIRE(emission.ok());
  for (const EmittedFile& file : emission->files)
    std::ofstream(std::string(out) + "/small" + file.suffix, std::ios::binary) << file.bytes;
}
