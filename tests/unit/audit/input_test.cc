#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "audit/denial.h"
#include "audit/input.h"
#include "audit/reader.h"

using namespace cordon;
using namespace cordon::audit;

namespace {

const std::string kLine =
    "type=AVC msg=audit(1795359617.660:13): avc:  denied  { read } for  pid=41 scontext=a:b:c tcontext=a:b:c "
    "tclass=file";
const std::string kPid = "41";

ReadCounts counts_of(const std::string& text, std::string field = {}) {
  ReadOptions options;
  options.json_field = std::move(field);
  LogReader reader(options, [](const Event&) {});
  REQUIRE(reader.read(memory_source(text), "text"));
  reader.flush();
  return reader.counts();
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

class Folder {
 public:
  Folder() { path = mkdtemp(name_); }
  ~Folder() {
    if (std::system(("rm -rf " + path).c_str()) != 0) std::abort();
  }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name, std::ios::binary) << text;
    return path + "/" + name;
  }
  std::string path;

 private:
  char name_[32] = "/tmp/audit-input-XXXXXX";
};

}  // namespace

TEST_CASE("rotated logs are read oldest first") {
  CHECK(in_rotation_order({"a.log", "a.log.1", "a.log.10.gz", "a.log.2.xz", "b.log"}) ==
        std::vector<std::string>{"a.log.10.gz", "a.log.2.xz", "a.log.1", "a.log", "b.log"});
  CHECK(in_rotation_order({"a.log", "a.log-20261122", "a.log-20261115.gz", "b-1"}) ==
        std::vector<std::string>{"a.log-20261115.gz", "a.log-20261122", "a.log", "b-1"});
  CHECK(in_rotation_order({"z", "-", "a"}) == std::vector<std::string>{"z", "-", "a"});
}

TEST_CASE("a directory stands for its logs") {
  const Folder folder;
  folder.file("audit.log", kLine + "\n");
  folder.file("audit.log.1", kLine + "\n");
  folder.file("other.txt", "x");
  const auto logs = expand_logs({folder.path});
  REQUIRE(logs);
  CHECK(*logs == std::vector<std::string>{folder.path + "/audit.log.1", folder.path + "/audit.log"});
}

TEST_CASE("JSON lines of the journal, Docker and shippers") {
  const std::string message = quoted(kLine);
  CHECK(counts_of("{\"log\":\"" + message.substr(1, message.size() - 2) + "\\n\",\"stream\":\"stdout\"}\n").used == 1);
  CHECK(counts_of("{\"MESSAGE\":" + message + ",\"_HOSTNAME\":\"h\"}\n").used == 1);
  CHECK(counts_of("{\"event\":{\"original\":" + message + "}}\n").used == 1);
  CHECK(counts_of("{\"deep\":{\"er\":{\"text\":" + message + "}}}\n", "deep.er.text").used == 1);
  CHECK(counts_of("{\"own\":" + message + "}\n").used == 0);
  CHECK(counts_of("{\"MESSAGE\":\"AVC avc:  denied  { read } for scontext=a:b:c tcontext=a:b:c "
                  "tclass=file\",\"_AUDIT_TYPE\":\"1400\",\"_AUDIT_ID\":\"7\",\"_SOURCE_REALTIME_TIMESTAMP\":"
                  "\"1795359617660000\"}\n")
            .used == 1);
  CHECK(counts_of("{\"MESSAGE\":[116,121,112,101],\"_AUDIT_TYPE\":\"1400\"}\n").used == 1);
  const ReadCounts broken = counts_of("{\"MESSAGE\": \n{\"a\":1}\n");
  CHECK(broken.malformed == 1);
  CHECK(broken.other_lines == 1);
}

TEST_CASE("the journal's export format, with binary fields") {
  const std::string length("\x06\0\0\0\0\0\0\0", 8);
  const std::string entry = "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795359617660000\n_HOSTNAME=h\nBLOB\n" + length +
                            "a\nb\nc\n" + "\nMESSAGE=" + kLine + "\n\n";
  CHECK(counts_of(entry + entry).used == 2);
  const std::string lie("\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
  const ReadCounts lying = counts_of("__CURSOR=s=1\nMESSAGE\n" + lie + "x\n\n" + kLine + "\n");
  CHECK(lying.malformed == 1);
  CHECK(lying.used == 1);
}

TEST_CASE("the journal's fields say in which unit and container a record's subject ran") {
  const auto json = [](std::string_view fields) {
    return "{\"MESSAGE\":" + quoted(kLine) + "," + std::string(fields) + "}\n";
  };
  const auto exported = [](std::string_view fields) {
    return "__CURSOR=s=1\n" + std::string(fields) + "MESSAGE=" + kLine + "\n\n";
  };
  const auto place = [](const std::string& text) {
    std::string found = "none";
    LogReader reader({}, [&](const Event& event) {
      if (const Place* at = event.records.front()->place)
        found = at->unit + "|" + at->container + "|" + at->container_id;
    });
    CHECK(reader.read(memory_source(text), "test"));
    reader.flush();
    CHECK(reader.counts().used == 1);
    return found;
  };
  CHECK(place(kLine + "\n") == "none");
  CHECK(place(json("\"_HOSTNAME\":\"h\"")) == "none");
  CHECK(place(json("\"_TRANSPORT\":\"audit\",\"_SYSTEMD_UNIT\":\"web.service\"")) == "web.service||");
  CHECK(place(json("\"_SYSTEMD_UNIT\":\"user@1.service\",\"_SYSTEMD_USER_UNIT\":\"web.service\"")) == "web.service||");
  CHECK(place(json("\"CONTAINER_NAME\":\"shop\",\"CONTAINER_ID\":\"0123456789ab\"")) == "|shop|0123456789ab");
  CHECK(place(json("\"_SYSTEMD_UNIT\":\"a.service\",\"OBJECT_SYSTEMD_UNIT\":\"b.service\"")) == "b.service||");
  CHECK(place(exported("_SYSTEMD_UNIT=web.service\nCONTAINER_NAME=shop\n")) == "web.service|shop|");
  const std::string length("\x04\0\0\0\0\0\0\0", 8);
  CHECK(place(exported("CONTAINER_NAME\n" + length + "a\n\nb\n")) == "|a\n\nb|");
  CHECK(place(json("\"_SYSTEMD_UNIT\":[119,255]")) == "w\xff||");
  // auditd passes a record on: the unit is its own, unless it is the subject itself.
  for (const auto* transport : {"syslog", "stdout", "journal"}) {
    const auto sent = "\"_SYSTEMD_UNIT\":\"auditd.service\",\"_TRANSPORT\":\"" + std::string(transport) + "\"";
    CHECK(place(json(sent)) == "none");
    CHECK(place(json(sent + ",\"_PID\":\"4\"")) == "none");
    CHECK(place(json(sent + ",\"_PID\":\"" + kPid + "\"")) == "auditd.service||");
  }
}

TEST_CASE("a fact's subject has its container or unit from the journal, and two units are two facts") {
  std::vector<Fact> facts;
  const auto index = [](std::uint32_t) -> const std::string& {
    static const std::string name = "test";
    return name;
  };
  DenialStore store(Grain::kFact, index);
  LogReader reader({}, [&](const Event& event) { store.add(event); });
  std::string text;
  for (const auto* fields : {"\"_SYSTEMD_UNIT\":\"a.service\"", "\"_SYSTEMD_UNIT\":\"b.service\"",
                             "\"CONTAINER_NAME\":\"c\",\"_SYSTEMD_UNIT\":\"b.service\""})
    for (int i = 0; i < 2; ++i) text += "{\"MESSAGE\":" + quoted(kLine) + "," + fields + "}\n";
  CHECK(reader.read(memory_source(text), "test"));
  reader.flush();
  std::string found;
  for (const auto& denial : store.take())
    found += denial.facts.at(0).subject.container + "=" + std::to_string(denial.tally.count) + " " +
             denial.details.place.unit + ";";
  CHECK(found == "a.service=2 a.service;b.service=2 b.service;c=2 b.service;");
}

TEST_CASE("rsyslog's form of auditd's separator is read as the separator, and a name that looks like it as a name") {
  const auto body_of = [](const std::string& text) {
    std::string body;
    ReadOptions options;
    LogReader reader(options, [&](const Event& event) { body = event.records.front()->body; });
    REQUIRE(reader.read(memory_source(text), "text"));
    reader.flush();
    return body;
  };
  const std::string head = "Nov 22 14:40:36 h audispd: type=AVC msg=audit(1795359617.660:13): ";
  CHECK(body_of(head + "ouid=0#035FSUID=\"a#035B=b\"\n") ==
        "ouid=0\x1d"
        "FSUID=\"a#035B=b\"");
  CHECK(body_of(head + "ouid=0#035FSUID=\"root\" OUID=\"root\"\n") ==
        "ouid=0\x1d"
        "FSUID=\"root\" OUID=\"root\"");
  CHECK(body_of(head + "name=\"/x#035OUID=0\"\n") == "name=\"/x#035OUID=0\"");
  CHECK(body_of(head + "ouid=0#035\n") == "ouid=0#035");
  CHECK(body_of("type=AVC msg=audit(1795359617.660:13): ouid=0#035OUID=\"root\"\n") == "ouid=0#035OUID=\"root\"");
}

TEST_CASE("CRI joins the parts of a long line") {
  const std::string stamp = "2026-11-22T14:00:00.123456789Z stdout ";
  CHECK(counts_of(stamp + "P " + kLine.substr(0, 40) + "\n" + stamp + "P " + kLine.substr(40, 30) + "\n" + stamp +
                  "F " + kLine.substr(70) + "\n")
            .used == 1);
}

TEST_CASE("compressed logs are told by their first bytes, bombs are stopped") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 100; ++i) text += kLine + "\n";
  const std::string plain = folder.file("a.log", text);
  for (const char* tool : {"gzip", "xz", "zstd", "bzip2"}) {
    if (std::system((std::string("command -v ") + tool + " >/dev/null").c_str()) != 0) {
      WARN(std::string(tool) + " is not installed; its format is not tested");
      continue;
    }
    INFO(tool);
    const std::string packed = folder.path + "/packed";
    REQUIRE(std::system((std::string(tool) + " -c " + plain + " > " + packed + " 2>/dev/null").c_str()) == 0);
    std::uint64_t used = 0;
    LogReader reader({}, [&](const Event& event) { used += event.records.size(); });
    REQUIRE(reader.read(packed));
    reader.flush();
    CHECK(used == 100);
    ReadOptions strict;
    strict.limits = {2, 1000};
    LogReader careful(strict, [](const Event&) {});
    CHECK_FALSE(careful.read(packed));
  }
}

TEST_CASE("an unreadable log is told, the others are read") {
  const Folder folder;
  const std::string good = folder.file("good.log", kLine + "\n");
  Diagnostics diagnostics;
  LogReader reader({}, [](const Event&) {});
  const ReadCounts counts =
      read_logs(reader, {folder.path + "/none.log", good, folder.file("bad.gz", "\x1f\x8b garbage")}, diagnostics);
  CHECK(counts.used == 1);
  CHECK(diagnostics.all().size() == 2);
}
