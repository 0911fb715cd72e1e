#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "audit/denial.h"
#include "audit/reader.h"

using namespace cordon;
using namespace cordon::audit;

namespace {

std::string avc(int serial, const std::string& node = {}) {
  return (node.empty() ? "" : "node=" + node + " ") + "type=AVC msg=audit(1700000000.000:" + std::to_string(serial) +
         "): avc:  denied  { read } for  pid=1 comm=\"c\" name=\"f\" dev=\"sda1\" ino=7 scontext=u:r:a_t:s0 "
         "tcontext=u:r:b_t:s0 tclass=file permissive=0\n";
}
std::string companion(const char* type, int serial, const std::string& body, const std::string& node = {}) {
  return (node.empty() ? "" : "node=" + node + " ") + "type=" + type +
         " msg=audit(1700000000.000:" + std::to_string(serial) + "): " + body + "\n";
}
std::string syscall(int serial, const std::string& node = {}) {
  return companion("SYSCALL", serial,
                   "arch=c000003e syscall=257 success=no exe=\"/bin/x" + std::to_string(serial) + "\"", node);
}

struct Seen {
  std::map<std::string, std::size_t> records;  ///< by event id
  std::size_t events = 0;
  ReadCounts counts;
};

Seen read_text(const std::string& text, EventFilter filter = {}, bool live = false) {
  Seen seen;
  ReadOptions options;
  options.filter = filter;
  options.live = live;
  LogReader reader(options, [&](const Event& event) {
    seen.records[event_id(event)] += event.records.size();
    ++seen.events;
  });
  REQUIRE(reader.read(memory_source(text), "text"));
  reader.flush();
  seen.counts = reader.counts();
  return seen;
}

}  // namespace

TEST_CASE("interleaved records find their events whatever their order") {
  std::vector<std::string> lines;
  for (int serial = 1; serial <= 400; ++serial)
    for (const std::string& node : {std::string("a"), std::string("b")}) {
      lines.push_back(avc(serial, node));
      lines.push_back(syscall(serial, node));
      lines.push_back(companion("CWD", serial, "cwd=\"/\"", node));
      lines.push_back(companion("PROCTITLE", serial, "proctitle=41", node));
    }
  std::mt19937 random(7);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(lines.begin(), lines.end(), random);
    std::string text;
    for (const std::string& line : lines) text += line;
    const Seen seen = read_text(text);
    CHECK(seen.events == 800);
    CHECK(seen.counts.used == lines.size());
    for (const auto& [id, count] : seen.records) CHECK(count == 4);
  }
}

TEST_CASE("events without a decision are not handed over, and counted") {
  const Seen seen = read_text(syscall(1) + companion("CWD", 1, "cwd=\"/\"") + avc(2) +
                              companion("USER_LOGIN", 3, "pid=1") + "noise\n" + "type=AVC msg=audit(bad\n");
  CHECK(seen.events == 1);
  CHECK(seen.counts.used == 1);
  CHECK(seen.counts.not_wanted == 3);
  CHECK(seen.counts.malformed == 1);
  CHECK(seen.counts.other_lines == 1);
  CHECK(seen.counts.lines == seen.counts.records() + seen.counts.other_lines);
  REQUIRE(seen.counts.first_malformed.size() == 1);
  CHECK(seen.counts.first_malformed[0].line == 6);
}

TEST_CASE("BPF and URINGOP belong to their events, ANOM_* are handed over where they are asked for") {
  const std::string text = avc(1) + companion("BPF", 1, "prog-id=3 op=LOAD") + avc(2) +
                           companion("URINGOP", 2, "uring_op=18 success=no exit=-13") +
                           companion("ANOM_ABEND", 3, "auid=0 uid=0 pid=9 comm=\"x\" exe=\"/bin/x\" sig=31 res=1") +
                           companion("ANOM_PROMISCUOUS", 4, "dev=eth0 prom=256 old_prom=0") +
                           companion("ANOM_LOGIN_FAILURES", 5, "pid=1") + companion("UNKNOWN[1336]", 2, "uring_op=18");
  const Seen denials = read_text(text);
  CHECK(denials.events == 2);
  CHECK(denials.counts.used == 5);
  CHECK(denials.counts.not_wanted == 3);
  EventFilter filter;
  filter.anomalies = true;
  const Seen all = read_text(text, filter);
  CHECK(all.events == 5);
  CHECK(all.counts.not_wanted == 0);
  CHECK(all.records.at("1700000000.000:3") == 1);
}

TEST_CASE("memory is bounded: an event closes when too many newer ones have begun") {
  std::string text = avc(1);
  for (int serial = 2; serial < 2 + static_cast<int>(Assembler::kMaxOpen); ++serial) text += syscall(serial);
  text += syscall(1);
  const Seen seen = read_text(text);
  CHECK(seen.events == 1);
  CHECK(seen.records.begin()->second == 1);
  CHECK(seen.counts.used + seen.counts.not_wanted == Assembler::kMaxOpen + 2);
}

TEST_CASE("a flood of records in one event is handed over in parts") {
  std::string text = avc(1);
  for (std::size_t i = 0; i < Assembler::kMaxRecords * 2; ++i) text += avc(1);
  const Seen seen = read_text(text);
  CHECK(seen.events == 3);
  CHECK(seen.counts.used == Assembler::kMaxRecords * 2 + 1);
}

TEST_CASE("live, an event closes at its EOE record") {
  EventFilter filter;
  std::size_t events = 0;
  ReadOptions options;
  options.live = true;
  LogReader reader(options, [&](const Event&) { ++events; });
  reader.feed(avc(1) + syscall(1), "live");
  CHECK(events == 0);
  reader.feed(companion("EOE", 1, ""), "live");
  CHECK(events == 1);
}

TEST_CASE("a source that is fed in pieces keeps its line numbers") {
  std::vector<std::uint64_t> lines;
  LogReader reader({}, [&](const Event& event) { lines.push_back(event.records.front()->line); });
  reader.feed(avc(1) + avc(2), "live");
  reader.feed(avc(3) + "type=AVC msg=audit(bad\n", "live");
  reader.flush();
  CHECK(lines == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(reader.counts().first_malformed.at(0).line == 4);
}

TEST_CASE("a serial that is used again after a reboot is another event") {
  const std::string later =
      "type=AVC msg=audit(1700009999.000:1): avc:  denied  { read } for  pid=1 scontext=u:r:a_t:s0 tcontext=u:r:b_t:s0 "
      "tclass=file\n";
  CHECK(read_text(avc(1) + later).events == 2);
}

TEST_CASE("an event goes on across the border of two files") {
  std::size_t records = 0, events = 0;
  LogReader reader({}, [&](const Event& event) {
    records += event.records.size();
    ++events;
  });
  REQUIRE(reader.read(memory_source(avc(1)), "audit.log.1"));
  REQUIRE(reader.read(memory_source(syscall(1)), "audit.log"));
  reader.flush();
  CHECK(events == 1);
  CHECK(records == 2);
}

TEST_CASE("blocks and threads give what one piece gives") {
  std::string text;
  for (int serial = 1; serial < 12000; ++serial) text += avc(serial) + syscall(serial);
  REQUIRE(text.size() > 3'000'000);
  const auto run = [&](bool threads) {
    std::string ids;
    ReadOptions options;
    options.threads = threads;
    LogReader reader(options, [&](const Event& event) {
      ids += event_id(event) + '/' + std::to_string(event.records.size()) + ' ';
    });
    REQUIRE(reader.read(memory_source(text), "text"));
    reader.flush();
    return ids;
  };
  const std::string one = run(false);
  CHECK(one == run(true));
  CHECK(std::count(one.begin(), one.end(), ' ') == 11999);
  CHECK(one.find("/1 ") == std::string::npos);
}

TEST_CASE("a USER_AVC whose message holds a line feed is one record, wherever blocks end") {
  const auto open = [](int serial) {
    return companion("USER_AVC", serial,
                     "pid=1 uid=8 msg='apparmor=\"DENIED\" operation=\"dbus_bind\" mask=\"bind\" label=\"p\"\n    "
                     "exe=\"/bin/d\" terminal=?'");
  };
  std::string text;
  int serial = 0;
  for (; text.size() < 2'000'000; serial += 2) text += open(serial + 1) + syscall(serial + 2);
  std::size_t whole = 0;
  LogReader reader({}, [&](const Event& event) {
    whole += event.records.front()->body.find("terminal=") != std::string_view::npos;
  });
  REQUIRE(reader.read(memory_source(text + open(++serial)), "text"));
  reader.flush();
  CHECK(whole == reader.counts().used);
  CHECK(whole == static_cast<std::size_t>(serial) / 2 + 1);
  CHECK(reader.counts().lines == reader.counts().records() + reader.counts().other_lines);
}

TEST_CASE("over-long lines are passed over, the next line is read") {
  const std::string text =
      avc(1) + "type=AVC msg=audit(1700000000.000:2): " + std::string(3'000'000, 'x') + "\n" + avc(3);
  const Seen seen = read_text(text);
  CHECK(seen.events == 2);
  CHECK(seen.counts.malformed == 1);
  CHECK(seen.counts.lines == 3);
  CHECK(seen.counts.first_malformed[0].line == 2);
}

TEST_CASE("a torn last line is read if it is whole enough") {
  std::string text = avc(1);
  text.pop_back();
  CHECK(read_text(text).events == 1);
}
