#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

#include "audit/line.h"
#include "audit/prefix.h"

using namespace cordon::audit;

namespace {

struct Shape {
  const char* name;
  std::string_view line;
  RecordType type;
  std::int64_t time_ms;
  std::uint64_t serial;
  std::string_view node;
  std::string_view body_start;
};

constexpr std::int64_t kTime = 1795359617660;

const Shape kShapes[] = {
    {"audit.log", "type=AVC msg=audit(1795359617.660:13): avc:  denied  { read }", kAvc, kTime, 13, "", "avc:"},
    {"node=", "node=web7 type=AVC msg=audit(1795359617.660:13): avc:  denied", kAvc, kTime, 13, "web7", "avc:"},
    {"UNKNOWN[n]", "type=UNKNOWN[1503] msg=audit(1795359617.660:13): operation=\"x\"", 1503, kTime, 13, "",
     "operation"},
    {"dmesg with time", "[    8.308411] audit: type=1400 audit(1795359617.660:13): apparmor=\"DENIED\"", kAvc, kTime,
     13, "", "apparmor"},
    {"dmesg without", "audit: type=1400 audit(1795359617.660:13): avc:  denied", kAvc, kTime, 13, "", "avc:"},
    {"dmesg --raw", "<5>[    8.3] audit: type=1400 audit(1795359617.660:13): avc:  denied", kAvc, kTime, 13, "",
     "avc:"},
    {"RFC 3164", "Jul 24 12:25:33 spriggan kernel: [42416.1] type=1400 audit(1795359617.660:13): apparmor=\"D\"", kAvc,
     kTime, 13, "spriggan", "apparmor"},
    {"RFC 5424", "<13>1 2026-11-22T14:00:00Z host7 kernel - - - audit: type=1400 audit(1795359617.660:13): avc:", kAvc,
     kTime, 13, "host7", "avc:"},
    {"ISO", "2026-11-22T14:00:00.123456+01:00 host7 kernel: audit: type=1400 audit(1795359617.660:13): avc:", kAvc,
     kTime, 13, "host7", "avc:"},
    {"ISO with a blank",
     "2013-01-01 15:09:04+08:00 localhost kernel: [ 1911.5] type=1400 audit(1795359617.660:13): avc:", kAvc, kTime, 13,
     "localhost", "avc:"},
    {"socklogd", "2021-09-11T20:57:41.91645 kern.notice: [  469.1] audit: type=1400 audit(1795359617.660:3): avc:",
     kAvc, kTime, 3, "", "avc:"},
    {"audisp", "Nov 22 14:00:00 h audispd: node=n7 type=AVC msg=audit(1795359617.660:13): avc:", kAvc, kTime, 13, "n7",
     "avc:"},
    {"type after the stamp", "Sep  7 17:47:53 gutsy kernel: [3.7] audit(1795359617.660:537): type=1503 operation=\"x\"",
     1503, kTime, 537, "gutsy", "operation"},
    {"CRI", "2026-11-22T14:00:00.123456789Z stdout F type=AVC msg=audit(1795359617.660:13): avc:", kAvc, kTime, 13, "",
     "avc:"},
    {"journalctl short, kernel", "Nov 22 14:00:00 h kernel: audit: type=1400 audit(1795359617.660:13): avc:", kAvc,
     kTime, 13, "h", "avc:"},
    {"journalctl short, audit", "Nov 22 14:00:00 h audit[126]: AVC avc:  denied  { read }", kAvc, 0, 0, "h", "avc:"},
    {"journalctl short, no pid", "Nov 22 14:00:00 h audit: SECCOMP auid=1 syscall=1", kSeccomp, 0, 0, "h", "auid"},
    {"D-Bus in syslog", "Jul 31 17:11:16 box dbus[1692]: apparmor=\"DENIED\" operation=\"dbus_bind\"", kUserAvc, 0, 0,
     "box", "apparmor"},
    {"libselinux in the journal", "Nov 22 14:00:00 box systemd[1]: SELinux: avc:  denied  { start } for auid=0", kAvc,
     0, 0, "box", "avc:"},
    {"auditd 1.x without a colon", "type=DAEMON_END msg=audit(1795359617.660:13) auditd normal halt", 1201, kTime, 13,
     "", "auditd"},
    {"a torn NUL tail", std::string_view("\0\0type=AVC msg=audit(1795359617.660:13): avc:  denied\0", 55), kAvc, kTime,
     13, "", "avc:"},
};

}  // namespace

TEST_CASE("every shape gives the same record") {
  for (const Shape& shape : kShapes) {
    INFO(shape.name);
    Record record;
    CHECK(parse_line(shape.line, record).kind == LineKind::kRecord);
    CHECK(record.type == shape.type);
    CHECK(record.time_ms == shape.time_ms);
    CHECK(record.serial == shape.serial);
    CHECK(record.node == shape.node);
    CHECK(record.body.substr(0, shape.body_start.size()) == shape.body_start);
    CHECK(record.dialect == Dialect::kRaw);
  }
}

TEST_CASE("ausearch -i prints local time and unquoted values") {
  setenv("TZ", "UTC", 1);
  tzset();
  for (const char* date : {"11/22/2026", "22.11.2026", "2026-11-22", "11/22/26"}) {
    INFO(date);
    const std::string line =
        "type=AVC msg=audit(" + std::string(date) + " 14:00:17.660:13) : avc:  denied  { read } for  comm=a b";
    Record record;
    CHECK(parse_line(line, record).kind == LineKind::kRecord);
    CHECK(record.time_ms == 1795356017660);
    CHECK(record.serial == 13);
    CHECK(record.dialect == Dialect::kInterpreted);
  }
}

TEST_CASE("what is no record is left alone, what should be one is malformed") {
  const auto kind = [](std::string_view line) {
    Record record;
    return parse_line(line, record).kind;
  };
  for (const char* line : {"", "----", "time->Sun Nov 22 14:00:00 2026", "Oct 29 07:55:58 j syslogd 1.5.0#2: restart.",
                           "see audit(8) for more", "node=1 is a setting", "type=simple",
                           "Oct 29 09:20:01 h kernel: [87589.4] type __ratelimit: 36 callbacks suppressed"}) {
    INFO(line);
    CHECK(kind(line) == LineKind::kOther);
  }
  for (const char* line :
       {"type=AVC msg=audit(", "type=AVC msg=audit(12", "type=AVC msg=audit(1795359617.660:13",
        "type=NOTYPE msg=audit(1795359617.660:13): x", "type=AVC msg=audit(99999999999999999999.660:13): x",
        "type=AVC msg=audit(1795359617.660:99999999999999999999): x", "type=AVC msg=audi",
        "audit: audit(1795359617.660:13): no type here"}) {
    INFO(line);
    CHECK(kind(line) == LineKind::kMalformed);
  }
}

TEST_CASE("prefix times with a zone are UTC") {
  CHECK(parse_prefix("2013-01-01T15:09:04.562575+08:00 h x").time_ms == 1357024144562);
  CHECK(parse_prefix("2013-01-01T15:09:04-0130 h x").time_ms == 1357058344000);
  CHECK(parse_prefix("Jan  1 15:09:04 h x").time_ms == 0);
  CHECK(parse_prefix("no prefix at all").host.empty());
}
