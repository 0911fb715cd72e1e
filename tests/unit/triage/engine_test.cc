#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "records.h"
#include "triage/engine.h"
#include "triage/fill.h"
#include "triage/fold.h"
#include "triage/prover.h"

using namespace cordon;
using namespace cordon::triage;

namespace {

std::string avc(int serial, const std::string& source, const std::string& target, const std::string& path,
                const std::string& levels = "s0", const std::string& perms = "read") {
  const auto n = std::to_string(serial);
  return "type=AVC msg=audit(1700000" + std::to_string(100 + serial % 900) + ".000:" + n + "): avc:  denied  { " +
         perms + " } for  pid=" + n + " comm=\"app\" path=\"" + path + "\" dev=\"sda1\" ino=" + n +
         " scontext=system_u:system_r:" + source + ":" + levels + " tcontext=system_u:object_r:" + target +
         ":s0:c3,c4 tclass=file permissive=0\n";
}

Triage triage_of(const std::vector<std::string>& records, const Filter& filter = {}, const Baseline& baseline = {}) {
  Engine engine(rules(), filter);
  for (const auto& record : records)
    for (const auto& denial : denials_of(record)) engine.add(denial);
  return engine.finish({}, baseline, 1'800'000'000'000);
}

}  // namespace

TEST_CASE("paths are folded at their generated parts") {
  const std::pair<std::string, std::string> rows[] = {
      {"/proc/12441/status", "/proc/*/status"},
      {"/tmp/#10952714", "/tmp/#*"},
      {"/tmp/cc2wQQNX.res", "/tmp/*.res"},
      {"/tmp/tmpkh26poh9", "/tmp/*"},
      {"/tmp/tmp.jz8yxKE00p", "/tmp/tmp.*"},
      {"/dev/shm/sem.mp-z62_7ff0", "/dev/shm/sem.mp-z62_7ff0"},
      {"/run/user/1000/bus", "/run/user/*/bus"},
      {"/var/lib/kubelet/pods/0a1b2c3d-1111-2222-3333-444455556666/x", "/var/lib/kubelet/pods/*/x"},
      {"pipe:[96391]", "pipe:[*]"},
      {"/usr/lib/python3.11/os.py", "/usr/lib/python3.11/os.py"},
      {"/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3"},
      {"/dev/sda1", "/dev/sda1"},
      {"/var/log/app-20231114.log", "/var/log/app-*.log"},
      {"", ""},
  };
  for (const auto& [path, folded] : rows) CHECK(fold_path(path) == folded);
}

TEST_CASE("one cause is one finding, whatever the process, inode, category or path part") {
  std::vector<std::string> records;
  for (int i = 1; i <= 200; ++i)
    records.push_back(avc(i, "container_t", "container_file_t", "/data/vol/" + std::to_string(100000 + i),
                          "s0:c" + std::to_string(i % 2 + 500) + ",c" + std::to_string(600 + i)));
  const auto triage = triage_of(records);
  REQUIRE(triage.findings.size() == 1);
  CHECK(triage.findings[0].count == 200);
  CHECK(triage.findings[0].rule == "container-mcs");
  const auto again = triage_of({avc(7, "container_t", "container_file_t", "/data/vol/999999", "s0:c1,c2")});
  CHECK(again.findings.at(0).id == triage.findings[0].id);
}

TEST_CASE("the findings do not depend on the order of the records") {
  std::vector<std::string> records;
  for (int i = 1; i <= 120; ++i)
    records.push_back(avc(i, "dom" + std::to_string(i % 7) + "_t", "obj" + std::to_string(i % 11) + "_t",
                          "/srv/d" + std::to_string(i % 5) + "/f", "s0", i % 2 ? "read" : "write"));
  const auto shown = [](const Triage& triage) {
    std::string out;
    for (const auto& finding : triage.findings) {
      out += finding.id + " " + std::to_string(finding.count) + " " + finding.summary + "\n";
      for (const auto& shape : finding.shapes) out += "  " + shape.samples.front().origin.event + "\n";
    }
    return out;
  };
  const auto first = shown(triage_of(records));
  std::mt19937 random(5);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(records.begin(), records.end(), random);
    CHECK(shown(triage_of(records)) == first);
  }
}

TEST_CASE("file and capability of one call are one finding") {
  const std::string event =
      "type=AVC msg=audit(1700000000.000:9): avc:  denied  { dac_read_search } for  pid=9 comm=\"app\" capability=2 "
      "scontext=system_u:system_r:myapp_t:s0 tcontext=system_u:system_r:myapp_t:s0 tclass=capability permissive=0\n"
      "type=AVC msg=audit(1700000000.000:9): avc:  denied  { search } for  pid=9 comm=\"app\" name=\"private\" "
      "dev=\"sda1\" "
      "ino=9 scontext=system_u:system_r:myapp_t:s0 tcontext=system_u:object_r:some_conf_t:s0 tclass=dir permissive=0\n";
  const auto triage = triage_of({event});
  REQUIRE(triage.findings.size() == 1);
  CHECK(triage.findings[0].shapes.size() == 2);
}

TEST_CASE("one privileged act is one finding across the three mechanisms") {
  const auto triage =
      triage_of({"type=SECCOMP msg=audit(1700000000.000:1): auid=0 uid=0 gid=0 ses=1 pid=1 comm=\"mount\" "
                 "exe=\"/usr/bin/mount\" sig=0 "
                 "arch=c000003e syscall=165 compat=0 ip=0x7f code=0x50000\n",
                 "type=AVC msg=audit(1700000001.000:2): apparmor=\"DENIED\" operation=\"mount\" info=\"failed flags "
                 "match\" error=-13 "
                 "profile=\"docker-default\" name=\"/mnt/\" pid=2 comm=\"mount\" fstype=\"tmpfs\" srcname=\"tmpfs\"\n",
                 "type=AVC msg=audit(1700000002.000:3): avc:  denied  { mount } for  pid=3 comm=\"mount\" name=\"/\" "
                 "dev=\"tmpfs\" ino=1 "
                 "scontext=system_u:system_r:container_t:s0 tcontext=system_u:object_r:tmpfs_t:s0 tclass=filesystem "
                 "permissive=0\n"});
  REQUIRE(triage.findings.size() == 1);
  CHECK(triage.findings[0].mechanisms == std::vector<std::string>{"apparmor", "seccomp", "selinux"});
}

TEST_CASE("filters leave out and count") {
  const std::vector<std::string> records = {avc(1, "a_t", "b_t", "/x"), avc(2, "c_t", "b_t", "/x")};
  Filter filter;
  filter.types = {"a_t"};
  auto triage = triage_of(records, filter);
  CHECK(triage.denials == 1);
  CHECK(triage.filtered == 1);
  filter = {};
  filter.exes = {"nobody*"};
  CHECK(triage_of(records, filter).filtered == 2);
  filter = {};
  filter.since_ms = 1'700'000'102'000;
  triage = triage_of(records, filter);
  CHECK(triage.denials == 1);
}

TEST_CASE("a baseline accepts until its day, and needs a reason") {
  const std::vector<std::string> records = {avc(1, "a_t", "b_t", "/x")};
  const auto id = triage_of(records).findings.at(0).id;
  const auto with = [&](const std::string& expires) {
    auto baseline = read_baseline("{\"format\":\"cordon-baseline\",\"version\":1,\"accepted\":[{\"id\":\"" + id +
                                      "\",\"reason\":\"known\"" + expires + "}]}",
                                  "b.json");
    REQUIRE(baseline.ok());
    return triage_of(records, {}, *baseline);
  };
  CHECK(with("").findings.empty());
  CHECK(with("").accepted.at(0).accepted == "known");
  CHECK(with("").denials == 1);
  CHECK(with(",\"expires\":\"2099-01-01\"").findings.empty());
  const auto ended = with(",\"expires\":\"2020-01-01\"");
  REQUIRE(ended.findings.size() == 1);
  CHECK(ended.findings[0].baseline_note.find("2020-01-01") != std::string::npos);
  CHECK_FALSE(
      read_baseline("{\"format\":\"cordon-baseline\",\"accepted\":[{\"id\":\"x\",\"reason\":\" \"}]}", "b").ok());
  CHECK_FALSE(
      read_baseline(
          "{\"format\":\"cordon-baseline\",\"accepted\":[{\"id\":\"x\",\"reason\":\"r\",\"expires\":\"soon\"}]}", "b")
          .ok());
  CHECK(read_baseline(write_baseline(triage_of(records).findings, "why", "2030-12-31"), "b").ok());
}

TEST_CASE("what a log says cannot leave a command's word") {
  const std::string evil = "/srv/a'; rm -rf / #$(reboot)`x`\n\x1b[31m";
  const auto quoted = shell_quote(evil);
  CHECK(quoted.find('\n') == std::string::npos);
  CHECK(quoted.find('\x1b') == std::string::npos);
  CHECK(quoted.starts_with("$'"));
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("/usr/bin/x") == "/usr/bin/x");
  CHECK(escape_regex("/a.b+(c)") == "/a\\.b\\+\\(c\\)");
  const Blanks blanks{{"path", "x y"}, {"module", "a;b"}};
  CHECK(*fill("restorecon -- {path}", blanks, Quote::kShell) == "restorecon -- 'x y'");
  CHECK_FALSE(fill("module {module};", blanks, Quote::kFile).has_value());
  CHECK_FALSE(fill("{dir}", blanks, Quote::kShell).has_value());
  CHECK(*fill("{ keep } {dir}", blanks, Quote::kText) == "{ keep } (unknown)");
}

TEST_CASE("times are read in the forms that --since takes") {
  const std::int64_t now = 1'700'000'000'000;
  CHECK(parse_time("now", now) == now);
  CHECK(parse_time("3h", now) == now - 3 * 3'600'000);
  CHECK(parse_time("@1700000000", now) == now);
  CHECK(parse_time("2023-11-14", now) == 1'699'920'000'000);
  CHECK(parse_time("2023-11-14T22:13:20Z", now) == now);
  CHECK(time_text(now + 5) == "2023-11-14T22:13:20.005Z");
  for (const char* bad : {"", "x", "2023-13-01", "2023-11-14T25:00", "3y", "-3h", "2023-11-14 x"})
    CHECK_FALSE(parse_time(bad, now).has_value());
}

TEST_CASE("a timeline does not depend on the order and tells a trend") {
  Timeline a, b;
  for (int i = 0; i < 5000; ++i) a.add(1'700'000'000'000 + i * 61'000LL, 1);
  for (int i = 4999; i >= 0; --i) b.add(1'700'000'000'000 + i * 61'000LL, 1);
  CHECK(a.buckets() == b.buckets());
  CHECK(a.buckets().size() <= Timeline::kMaxBuckets);
  CHECK(a.trend() == Timeline::Trend::kSteady);
  Timeline rising;
  for (int i = 0; i < 100; ++i) rising.add(1'700'000'000'000 + i * 60'000LL, static_cast<std::uint64_t>(i));
  CHECK(rising.trend() == Timeline::Trend::kRising);
}

TEST_CASE("fixes are ranked by proof, denials fixed, privilege added and reversibility") {
  const auto fix = [](const char* title, ProofStatus status, std::uint64_t fixed, std::uint64_t excess,
                      Reversal reversal) {
    Fix one;
    one.kind = FixKind::kModule;
    one.title = title;
    one.commands = {title};
    one.proof = {status, fixed, 10, "x"};
    one.excess = {true, excess, "access vectors", {}};
    one.reversal = reversal;
    return one;
  };
  std::vector<Fix> fixes = {fix("refuted", ProofStatus::kRefuted, 0, 0, Reversal::kExact),
                            fix("wide", ProofStatus::kProven, 10, 9, Reversal::kExact),
                            fix("hard", ProofStatus::kProven, 10, 1, Reversal::kNone),
                            fix("best", ProofStatus::kProven, 10, 1, Reversal::kExact),
                            fix("some", ProofStatus::kPartial, 5, 0, Reversal::kExact),
                            fix("untried", ProofStatus::kUntried, 0, 0, Reversal::kExact)};
  fixes.push_back(fix("label", ProofStatus::kProven, 10, 20, Reversal::kExact));
  fixes.back().kind = FixKind::kRelabel;
  rank_fixes(fixes, triage::Severity::kFault);
  std::vector<std::string> order;
  for (const auto& one : fixes) order.push_back(one.title);
  CHECK(order == std::vector<std::string>{"label", "best", "hard", "wide", "some", "untried", "refuted"});
}

TEST_CASE("a fix never names a top directory for the paths below it") {
  const auto label = [](int serial, const std::string& path) {
    const auto n = std::to_string(serial);
    return "type=AVC msg=audit(1700000100.000:" + n + "): avc:  denied  { read } for  pid=1 comm=\"app\" path=\"" +
           path +
           "\" dev=\"sda1\" ino=1 scontext=system_u:system_r:container_t:s0 tcontext=system_u:object_r:var_lib_t:s0 "
           "tclass=file permissive=0\n";
  };
  const auto triage =
      triage_of({label(1, "/var/lib/kubelet/pods/a/x"), label(2, "/etc/cni/net.d/y"), label(3, "/etc/cni/net.d/y")});
  bool named = false;
  for (const auto& finding : triage.findings)
    for (const auto& fix : finding.fixes)
      for (const auto& command : fix.commands) {
        INFO(command);
        CHECK(command.find("'/(/.*)?'") == std::string::npos);
        CHECK_FALSE(command.ends_with(" -- /"));
        named = named || command.find("/etc/cni/net.d/y") != std::string::npos;
        if (fix.kind == FixKind::kRelabel) CHECK_FALSE(fix.below.empty());
      }
  CHECK(named);
}

TEST_CASE("a path is below a directory only at a slash") {
  CHECK(is_below("/srv/a", "/srv/a"));
  CHECK(is_below("/srv/a/b", "/srv/a"));
  CHECK(is_below("/srv", "/"));
  CHECK_FALSE(is_below("/srv/ab", "/srv/a"));
  CHECK_FALSE(is_below("/sr", "/srv"));
}
