#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "records.h"
#include "selinux/policydb.h"
#include "triage/engine.h"
#include "triage/prove_profile.h"
#include "triage/prove_selinux.h"

using namespace cordon;
using namespace cordon::triage;

namespace {

const RuleSet& rules() {
  static const RuleSet kRules = [] {
    Diagnostics diagnostics;
    return load_rules(CORDON_SOURCE_DIR "/profiles/triage", diagnostics);
  }();
  return kRules;
}

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

std::string avc(const std::string& source, const std::string& target, const std::string& klass, const std::string& perms,
                const std::string& rest) {
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
  const auto finding = only_finding(
      avc("httpd_t:s0", "default_t:s0", "file", "read open getattr", "path=\"/var/www/html/index.html\" dev=\"sda1\" ino=1"), prover.get());
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
  Finding finding = only_finding(avc("httpd_t:s0", "shadow_t:s0", "file", "read", "path=\"/etc/shadow\" dev=\"sda1\" ino=1"), prover.get());
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
  const auto finding = only_finding(avc("nosuch_t:s0", "etc_t:s0", "file", "read", "path=\"/srv/a\" dev=\"sda1\" ino=1"), prover.get());
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
      "type=AVC msg=audit(1700000000.000:1): apparmor=\"DENIED\" operation=\"open\" profile=\"app\" name=\"/srv/app/data\" pid=1 "
      "comm=\"app\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n", prover->get());
  ::unlink(path.c_str());
  const auto* fix = fix_of(finding, FixKind::kAppArmorRule);
  REQUIRE(fix != nullptr);
  CHECK(fix->proof.status == ProofStatus::kProven);
  CHECK(fix->files.at(0).second.find("/srv/app/data r,") != std::string::npos);
  REQUIRE_FALSE(finding.reasons.empty());
}

TEST_CASE("a seccomp rule is proven by running the filter") {
  const auto path = scratch("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
                            "\"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");
  Diagnostics diagnostics;
  auto prover = seccomp_prover(path, diagnostics);
  ::unlink(path.c_str());
  REQUIRE(prover.ok());
  const auto finding = only_finding(
      "type=SECCOMP msg=audit(1700000000.000:1): auid=0 uid=0 gid=0 ses=1 pid=1 comm=\"app\" exe=\"/usr/bin/app\" sig=0 "
      "arch=c000003e syscall=435 compat=0 ip=0x7f code=0x50000\n", prover->get());
  CHECK(finding.rule == "seccomp-new-call");
  const auto* errno_fix = fix_of(finding, FixKind::kSeccompAllow, "ENOSYS");
  const auto* allow = fix_of(finding, FixKind::kSeccompAllow, "Add");
  REQUIRE(errno_fix != nullptr);
  REQUIRE(allow != nullptr);
  CHECK(errno_fix->proof.status == ProofStatus::kProven);
  CHECK(allow->proof.status == ProofStatus::kProven);
}
