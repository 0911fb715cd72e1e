#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "records.h"
#include "selinux/policydb.h"
#include "triage/engine.h"
#include "triage/prove_profile.h"
#include "triage/prove_selinux.h"
#include "triage/selinux_requests.h"

using namespace cordon;
using namespace cordon::triage;

namespace {

/// Debian's policy, or null where it is not installed.
std::unique_ptr<Prover> debian() {
  const auto policy = selinux::find_policy();
  const auto contexts = selinux::find_file_contexts();
  if (!policy || !contexts) {
    WARN("skipped: no SELinux policy is installed (apt: selinux-policy-default)");
    return nullptr;
  }
  auto prover = selinux_prover(*policy, *contexts);
  REQUIRE(prover.ok());
  return std::move(*prover);
}

Finding only_finding(const std::string& records, Prover* prover) {
  Engine engine(rules(), {});
  for (const auto& denial : denials_of(records)) engine.add(denial);
  auto triage = engine.finish({prover}, {}, 0);
  REQUIRE(triage.findings.size() == 1);
  return triage.findings[0];
}

const Fix* fix_of(const Finding& finding, FixKind kind, const std::string& word = "") {
  for (const auto& fix : finding.fixes)
    if (fix.kind == kind && (word.empty() || fix.title.find(word) != std::string::npos)) return &fix;
  return nullptr;
}

std::string avc(const std::string& source, const std::string& target, const std::string& klass,
                const std::string& perms, const std::string& rest) {
  return "type=AVC msg=audit(1700000000.000:1): avc:  denied  { " + perms + " } for  pid=1 comm=\"app\" " + rest +
         " scontext=system_u:system_r:" + source + " tcontext=system_u:object_r:" + target + " tclass=" + klass +
         " permissive=0\n";
}

std::string scratch(const std::string& text) {
  static int number = 0;
  const auto path = "/tmp/cordon-proof-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  std::ofstream(path) << text;
  return path;
}

}  // namespace

TEST_CASE("a mislabelled file: relabelling is proven, and comes before a rule") {
  const auto prover = debian();
  if (!prover) return;
  const auto finding = only_finding(avc("httpd_t:s0", "default_t:s0", "file", "read open getattr",
                                        "path=\"/var/www/html/index.html\" dev=\"sda1\" ino=1"),
                                    prover.get());
  REQUIRE_FALSE(finding.fixes.empty());
  const auto& best = finding.fixes.front();
  CHECK(best.kind == FixKind::kRelabel);
  CHECK(best.proof.status == ProofStatus::kProven);
  CHECK(best.proof.fixed == 1);
  CHECK(best.commands == std::vector<std::string>{"restorecon -RFv -- /var/www/html/index.html"});
  const auto* module = fix_of(finding, FixKind::kModule);
  REQUIRE(module != nullptr);
  CHECK(module->proof.status == ProofStatus::kProven);
  CHECK(module->excess.known);
  CHECK(module->files.at(0).second.find("allow httpd_t default_t:file { getattr open read };") != std::string::npos);
}

TEST_CASE("a boolean is proven by the policy's conditional rules; one that the policy lacks is refuted") {
  const auto prover = debian();
  if (!prover) return;
  const auto finding =
      only_finding(avc("httpd_t:s0", "mysqld_port_t:s0", "tcp_socket", "name_connect", "dest=3306"), prover.get());
  const auto* boolean = fix_of(finding, FixKind::kBoolean);
  REQUIRE(boolean != nullptr);
  CHECK(boolean->proof.status == ProofStatus::kProven);
  CHECK(boolean->excess.known);
  CHECK(boolean->undo.size() == 1);
  CHECK_FALSE(finding.reasons.empty());
}

TEST_CASE("a port gets a type that the service may bind") {
  const auto prover = debian();
  if (!prover) return;
  const auto finding =
      only_finding(avc("httpd_t:s0", "unreserved_port_t:s0", "tcp_socket", "name_bind", "src=8185"), prover.get());
  const auto* port = fix_of(finding, FixKind::kPort);
  REQUIRE(port != nullptr);
  CHECK(port->proof.status == ProofStatus::kProven);
  CHECK(port->commands.at(0).find("semanage port -a -t http") == 0);
  CHECK(port->commands.at(0).find("-p tcp 8185") != std::string::npos);
}

TEST_CASE("a guard refuses a rule for the password hashes") {
  const auto prover = debian();
  if (!prover) return;
  Finding finding = only_finding(
      avc("httpd_t:s0", "shadow_t:s0", "file", "read", "path=\"/etc/shadow\" dev=\"sda1\" ino=1"), prover.get());
  CHECK(finding.severity == triage::Severity::kAttack);
  CHECK(fix_of(finding, FixKind::kModule) == nullptr);
  Fix fix;
  fix.kind = FixKind::kModule;
  REQUIRE(prover->prove(finding, fix));
  CHECK(fix.proof.status == ProofStatus::kRefused);
}

TEST_CASE("an unknown type is told, not refuted") {
  const auto prover = debian();
  if (!prover) return;
  const auto finding =
      only_finding(avc("nosuch_t:s0", "etc_t:s0", "file", "read", "path=\"/srv/a\" dev=\"sda1\" ino=1"), prover.get());
  const auto* module = fix_of(finding, FixKind::kModule);
  REQUIRE(module != nullptr);
  CHECK(module->proof.status == ProofStatus::kUntried);
  CHECK(module->proof.how.find("nosuch_t") != std::string::npos);
}

TEST_CASE("AppArmor rules are proven by the compiled profile") {
  if (::access("/usr/sbin/apparmor_parser", X_OK) != 0 && ::access("/sbin/apparmor_parser", X_OK) != 0) {
    WARN("skipped: apparmor_parser is missing (apt: apparmor)");
    return;
  }
  const auto path = scratch("profile app /usr/bin/app {\n  /usr/bin/app mr,\n  /etc/app.conf r,\n}\n");
  Diagnostics diagnostics;
  auto prover = apparmor_prover(path, diagnostics);
  REQUIRE(prover.ok());
  const auto finding = only_finding(
      "type=AVC msg=audit(1700000000.000:1): apparmor=\"DENIED\" operation=\"open\" profile=\"app\" "
      "name=\"/srv/app/data\" pid=1 "
      "comm=\"app\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n",
      prover->get());
  ::unlink(path.c_str());
  const auto* fix = fix_of(finding, FixKind::kAppArmorRule);
  REQUIRE(fix != nullptr);
  CHECK(fix->proof.status == ProofStatus::kProven);
  CHECK(fix->files.at(0).second.find("/srv/app/data r,") != std::string::npos);
  REQUIRE_FALSE(finding.reasons.empty());
}

TEST_CASE("a seccomp rule is proven by running the filter") {
  const auto path = scratch(
      "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
      "\"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");
  Diagnostics diagnostics;
  auto prover = seccomp_prover(path, diagnostics);
  ::unlink(path.c_str());
  REQUIRE(prover.ok());
  const auto finding = only_finding(
      "type=SECCOMP msg=audit(1700000000.000:1): auid=0 uid=0 gid=0 ses=1 pid=1 comm=\"app\" exe=\"/usr/bin/app\" "
      "sig=0 "
      "arch=c000003e syscall=435 compat=0 ip=0x7f code=0x50000\n",
      prover->get());
  CHECK(finding.rule == "seccomp-new-call");
  const auto* errno_fix = fix_of(finding, FixKind::kSeccompAllow, "ENOSYS");
  const auto* allow = fix_of(finding, FixKind::kSeccompAllow, "Add");
  REQUIRE(errno_fix != nullptr);
  REQUIRE(allow != nullptr);
  CHECK(errno_fix->proof.status == ProofStatus::kProven);
  CHECK(allow->proof.status == ProofStatus::kProven);
  CHECK(allow->excess.count == 0);
  REQUIRE(errno_fix->files.size() == 1);
  CHECK(errno_fix->files[0].second.find("SCMP_ACT_ERRNO") != std::string::npos);
  CHECK(errno_fix->files[0].second.find("SCMP_ACT_ALLOW") == std::string::npos);
  CHECK(allow->files.at(0).second.find("SCMP_ACT_ALLOW") != std::string::npos);
  REQUIRE_FALSE(allow->commands.empty());
  CHECK(allow->commands[0] == "PROFILE=" + path);
}

TEST_CASE("a rule that loses its arguments says what it opens; a call that is allowed already is not tried") {
  const std::string record =
      "type=SECCOMP msg=audit(1700000000.000:1): auid=0 uid=0 gid=0 ses=1 pid=1 comm=\"app\" exe=\"/usr/bin/app\" "
      "sig=0 "
      "arch=c000003e syscall=135 compat=0 ip=0x7f code=0x50000\n";
  const auto prove = [&](const std::string& rule) {
    const auto path = scratch(
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[" + rule + "]}");
    Diagnostics diagnostics;
    auto prover = seccomp_prover(path, diagnostics);
    ::unlink(path.c_str());
    REQUIRE(prover.ok());
    return only_finding(record, prover->get());
  };
  const auto narrow = prove(
      "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_"
      "EQ\"}]}");
  const auto* fix = fix_of(narrow, FixKind::kSeccompAllow);
  REQUIRE(fix != nullptr);
  CHECK(fix->proof.status == ProofStatus::kProven);
  CHECK(fix->excess.count == 1);
  const auto allowed = prove("{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\"}");
  fix = fix_of(allowed, FixKind::kSeccompAllow);
  REQUIRE(fix != nullptr);
  CHECK(fix->proof.status == ProofStatus::kUntried);
  CHECK(fix->proof.how.find("already") != std::string::npos);
}

TEST_CASE("relabelling counts only what its command reaches") {
  Shape shape;
  const auto add = [&](const std::string& path, std::uint64_t count) {
    Fact fact;
    fact.operation = AvOp{"u:r:a_t:s0", "u:object_r:b_t:s0", "file", {"read"}, {}, path};
    fact.verdict = {Outcome::kDenied, {}, Mechanism::kSelinux};
    fact.tally.count = count;
    shape.add(fact, {}, true, {});
  };
  add("/var/lib/kubelet/x", 1);
  add("/var/lib/kubelet/pods/y", 2);
  CHECK(shape.common == "/var/lib/kubelet");
  CHECK(reached(shape, "") == 3);
  CHECK(reached(shape, "/var/lib/kubelet") == 3);
  CHECK(reached(shape, "/var/lib/kubelet/pods") == 2);
  CHECK(reached(shape, "/var/lib/kube") == 0);
  add("name-only", 4);
  CHECK(reached(shape, "/var/lib/kubelet") == 3);
  add("/etc/cni/z", 8);
  CHECK(shape.common == "/");
  CHECK(reached(shape, "/etc/cni/z") == 8);
}

TEST_CASE("what dontaudit hides of a domain is told") {
  const auto prover = debian();
  if (!prover) return;
  const auto finding =
      only_finding(avc("httpd_t:s0", "user_home_t:s0", "file", "read", "path=\"/home/ada/f\""), prover.get());
  const bool told = std::any_of(finding.reasons.begin(), finding.reasons.end(),
                                [](const auto& row) { return row.reason.find("dontaudit rule") != std::string::npos; });
  CHECK(told);
}

TEST_CASE("files under a label that says nothing get one of the source's own types, proven, before a rule") {
  const auto prover = debian();
  if (!prover) return;
  const auto finding =
      only_finding(avc("httpd_t:s0", "default_t:s0", "file", "read", "path=\"/data/site/index.html\""), prover.get());
  const auto* fix = fix_of(finding, FixKind::kRelabel, "httpd_");
  REQUIRE(fix != nullptr);
  CHECK(fix->proof.status == ProofStatus::kProven);
  CHECK(fix->commands.at(0).find("semanage fcontext -a -t httpd_") == 0);
  CHECK(finding.fixes.front().kind == FixKind::kRelabel);
}
