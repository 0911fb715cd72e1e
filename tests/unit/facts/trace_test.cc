#include <algorithm>
#include <catch2/catch.hpp>

#include "facts/trace_input.h"
#include "facts/trace_io.h"

using namespace cordon;

namespace {

Fact file_fact(std::string path, FilePerms perms) {
  FileOp op;
  op.path = std::move(path);
  op.perms = perms;
  return {{"/bin/x", "", "", ""}, op, {}, {}, {"ptrace", 0, "", 7}};
}

Fact socket_fact() {
  SyscallOp op;
  op.name = "socket";
  op.args = {{0, 2}, {1, 1, 0xf}};
  return {{"/bin/x", "", "", ""}, op, {Outcome::kFailed, "EACCES", Mechanism::kNone}, {}, {}};
}

Head head(std::string run) {
  Head h;
  h.run = std::move(run);
  h.tool = "test";
  h.engine = "ptrace";
  h.argv = {"x", std::string("\xff\n", 2)};
  return h;
}

std::string section(const std::string& run, const std::vector<Fact>& facts) {
  std::string text = head_line(head(run));
  for (const Fact& fact : facts) {
    text += fact_line(run, fact);
    text += tally_line(run, fact_id(fact), {3, 1, 100, 200});
  }
  End end;
  end.ok = true;
  end.exit_code = 0;
  return text + end_line(run, end);
}

Trace read(const std::string& text) {
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  const auto added = reader.add_text(text, "t");
  INFO((added ? std::string() : to_text(added.error())));
  REQUIRE(added);
  return reader.finish();
}

Error read_error(const std::string& text) {
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  const auto added = reader.add_text(text, "t");
  REQUIRE_FALSE(added);
  return added.error();
}

const std::vector<Fact> kFacts = {file_fact("/etc/passwd", FilePerm::kRead | FilePerm::kGetattr),
                                  file_fact(std::string("/tmp/\xff\n\"{*}", 11), FilePerm::kWrite), socket_fact()};

}  // namespace

TEST_CASE("a trace read and written again is the same text") {
  const Trace trace = read(section("aa", kFacts));
  CHECK(trace.facts.size() == 3);
  CHECK(trace.complete());
  const std::string text = write_trace(trace);
  CHECK(write_trace(read(text)) == text);
}

TEST_CASE("order and repetition of facts and sections do not change the set") {
  std::vector<Fact> reversed(kFacts.rbegin(), kFacts.rend());
  const std::string once = write_trace(read(section("aa", kFacts) + section("bb", reversed)));
  CHECK(once == write_trace(read(section("bb", kFacts) + section("aa", reversed) + section("aa", kFacts))));
}

TEST_CASE("the same run twice counts once and two runs add up") {
  CHECK(read(section("aa", kFacts) + section("aa", kFacts)).facts[0].tally.count == 3);
  CHECK(read(section("aa", kFacts) + section("bb", kFacts)).facts[0].tally.count == 6);
}

TEST_CASE("a section without its end is incomplete and a torn last line is a warning") {
  std::string text = section("aa", kFacts);
  text.resize(text.size() - 10);
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  REQUIRE(reader.add_text(text, "t"));
  CHECK_FALSE(reader.finish().complete());
  CHECK(diagnostics.all().size() == 2);
}

TEST_CASE("a trace cut at any byte is read as far as it goes and never as complete") {
  const std::string text = section("aa", kFacts);
  for (std::size_t size = text.find('\n') + 1; size + 1 < text.size(); ++size) {
    Diagnostics diagnostics;
    TraceReader reader(diagnostics);
    REQUIRE(reader.add_text(std::string_view(text).substr(0, size), "t"));
    CHECK_FALSE(reader.finish().complete());
  }
}

TEST_CASE("a call that was tried counts only where a section was cut off before its result") {
  Fact waiting = socket_fact();
  waiting.verdict = {Outcome::kUnwatched, "", Mechanism::kNone};
  const std::string begun = head_line(head("aa")) + tried_line("aa", waiting);
  const Trace cut = read(begun);
  REQUIRE(cut.facts.size() == 1);
  CHECK(cut.facts[0].verdict.outcome == Outcome::kUnwatched);
  CHECK(cut.facts[0].tally == Tally{1, 1, 0, 0});
  CHECK(write_trace(read(write_trace(cut))) == write_trace(cut));

  const std::string result = fact_line("aa", socket_fact());
  const Trace known = read(begun + result);
  REQUIRE(known.facts.size() == 1);
  CHECK(known.facts[0].verdict.error == "EACCES");
  CHECK(write_trace(known) == write_trace(read(head_line(head("aa")) + result + tried_line("aa", waiting))));

  CHECK(read(begun + section("aa", kFacts)).facts.size() == kFacts.size());
  CHECK(read(section("aa", {}) + tried_line("aa", waiting)).facts.empty());
  CHECK(read(begun + section("bb", {socket_fact()})).facts.size() == 2);
}

TEST_CASE("a tried call whose content was altered is refused") {
  std::string text = head_line(head("aa")) + tried_line("aa", kFacts[0]);
  text.replace(text.find("/etc/passwd"), 11, "/etc/shadow");
  CHECK(read_error(text).what.find("id") != std::string::npos);
}

TEST_CASE("a bad line in the middle is an error with its number") {
  const std::string text = head_line(head("aa")) + "garbage\n" + section("aa", kFacts);
  CHECK(read_error(text).where == "t:2");
}

TEST_CASE("a line of 10 MB is read like any other") {
  const std::string name(10 << 20, 'n');
  const Trace trace = read(section("aa", {file_fact("/" + name, FilePerm::kRead)}));
  REQUIRE(trace.facts.size() == 1);
  CHECK(std::get<FileOp>(trace.facts[0].operation).path.size() == name.size() + 1);
}

TEST_CASE("a line above the limit is an error that names the limit") {
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  const auto added = reader.add_text(std::string(kMaxLineBytes + 1, ' '), "t");
  REQUIRE_FALSE(added);
  CHECK(added.error().what.find(std::to_string(kMaxLineBytes)) != std::string::npos);
}

TEST_CASE("a newer trace is refused in a sentence that names both versions") {
  Head newer = head("aa");
  newer.version = 9;
  newer.min_reader = 8;
  const std::string what = read_error(head_line(newer)).what;
  CHECK(what.find("version 9") != std::string::npos);
  CHECK(what.find("version 1") != std::string::npos);
}

TEST_CASE("a fact whose content was altered is refused") {
  std::string text = section("aa", kFacts);
  const std::size_t at = text.find("/etc/passwd");
  text.replace(at, 11, "/etc/shadow");
  CHECK(read_error(text).what.find("id") != std::string::npos);
}

TEST_CASE("unknown kinds and facts with unknown members are kept and counted") {
  const std::string strange =
      "{\"kind\":\"weather\",\"run\":\"aa\"}\n"
      "{\"kind\":\"fact\",\"run\":\"aa\",\"id\":\"x\",\"subject\":{},\"operation\":{\"op\":\"file\",\"path\":\"/a\","
      "\"perms\":[\"read\"],\"only_on\":\"friday\"},\"verdict\":{\"outcome\":\"allowed\"}}\n";
  const Trace trace = read(section("aa", kFacts) + strange);
  CHECK(trace.unknown_lines == 2);
  CHECK(trace.facts.size() == 3);
  CHECK(read(write_trace(trace)).unknown_lines == 2);
}

TEST_CASE("every operation survives the way through its JSON") {
  std::vector<Fact> facts;
  const std::vector<Operation> operations = {
      SyscallOp{Arch::kI386, "open", 5, {{1, 2, 3}}, 0x11, Executable::kHeap},
      FileOp{"/a", "/r/a", "/b", FilePerm::kRenameFrom, FileKind::kSocket, Owner::kSelf, true, true, true},
      ExecOp{"/s", "/h", "/bin/sh", "/ld", "px", true},
      NetOp{SocketAct::kBind, "inet6", "stream", "tcp", "::1", 80, "::2", 9, 18},
      UnixOp{SocketAct::kConnect, "dgram", "@x", "/run/s", "p"},
      CapabilityOp{"chown", CapabilityBasis::kLogged, "b"},
      SignalOp{Direction::kReceive, "term", "u", true},
      PtraceOp{PtraceAct::kReadBy, "u", true},
      MountOp{MountAct::kBind, "/a", "/b", "ext4", {"ro"}, "d"},
      IoctlOp{"/dev/x", "tty", 0x5401, FileKind::kCharDevice},
      IpcOp{IpcKind::kDbus, "n", {"send"}, "system", "/o", "i", "m", "p"},
      RlimitOp{"nofile", ~std::uint64_t{0}, true},
      NamespaceOp{NamespaceAct::kEnter, "user"},
      DomainOp{"change_hat", "h", "/x"},
      AvOp{"s", "t", "file", {"read"}, {0x5401}, "/p"}};
  REQUIRE(operations.size() == std::variant_size_v<Operation>);
  for (const Operation& operation : operations) facts.push_back({{}, operation, {}, {}, {}});
  const Trace trace = read(section("aa", facts));
  REQUIRE(trace.facts.size() == facts.size());
  for (const Fact& fact : facts)
    CHECK(std::any_of(trace.facts.begin(), trace.facts.end(), [&](const Fact& f) { return f.same_as(fact); }));
}
