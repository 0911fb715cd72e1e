#include <catch2/catch.hpp>

#include "facts/trace_io.h"
#include "policy/needs.h"
#include "policy/policy.h"

using namespace cordon;

namespace {

Fact file_fact(std::string path, FilePerms perms, std::string error = {}) {
  FileOp op;
  op.path = std::move(path);
  op.perms = perms;
  Verdict verdict;
  if (!error.empty()) verdict = {Outcome::kFailed, std::move(error), Mechanism::kNone};
  return {{"/bin/x", "", "", ""}, op, verdict, {1, 0, 0, 0}, {}};
}

Trace trace_of(std::vector<Fact> facts) {
  Trace trace;
  trace.facts = std::move(facts);
  Run run;
  run.head.run = "r";
  run.head.program = "/bin/x";
  run.end.emplace();
  run.end->ok = true;
  trace.runs.push_back(run);
  return trace;
}

}  // namespace

TEST_CASE("one rule for each operation, with every fact that shows it as evidence") {
  const Policy policy = policy_from(trace_of({file_fact("/a", FilePerm::kRead), file_fact("/a", FilePerm::kRead, "EIO"),
                                              file_fact("/b", FilePerm::kRead)}),
                                    "x");
  REQUIRE(policy.rules.size() == 2);
  CHECK(policy.rules[0].evidence().size() == 2);
  CHECK(policy.program == "/bin/x");
  CHECK(policy.complete);
}

TEST_CASE("a lookup of a missing name needs the walk and grants no access") {
  const Policy policy = policy_from(trace_of({file_fact("/a", FilePerm::kRead, "ENOENT")}), "x");
  REQUIRE(policy.rules.size() == 1);
  CHECK(std::get<FileOp>(policy.rules[0].grant().operation).perms.empty());
}

TEST_CASE("what mode bits refused is not granted and is said") {
  const Policy policy = policy_from(trace_of({file_fact("/etc/shadow", FilePerm::kRead, "EACCES")}), "x");
  CHECK(policy.rules.empty());
  REQUIRE(policy.notes.size() == 1);
  CHECK(policy.notes[0].find("1 accesses") != std::string::npos);
}

TEST_CASE("an exec that did not find its file needs the walk only") {
  ExecOp exec;
  exec.path = "/usr/local/bin/ls";
  const Fact fact = {{}, exec, {Outcome::kFailed, "ENOENT", Mechanism::kNone}, {}, {}};
  CHECK(need_of(fact) == Need::kLookup);
  CHECK(std::get<FileOp>(*needed_operation(fact)).path == "/usr/local/bin/ls");
}

TEST_CASE("a connect to a socket that is not there needs the walk only") {
  UnixOp connect;
  connect.act = SocketAct::kConnect;
  connect.type = "stream";
  connect.peer_address = "/run/nscd/socket";
  const Fact fact = {{}, connect, {Outcome::kFailed, "ENOENT", Mechanism::kNone}, {}, {}};
  CHECK(std::get<FileOp>(*needed_operation(fact)).path == "/run/nscd/socket");
  connect.peer_address = "@abstract";
  CHECK(need_of({{}, connect, {Outcome::kFailed, "ENOENT", Mechanism::kNone}, {}, {}}) == Need::kAll);
}

TEST_CASE("a failed syscall is granted: under the profile it must fail the same way") {
  SyscallOp call;
  call.name = "connect";
  CHECK(need_of({{}, call, {Outcome::kFailed, "EACCES", Mechanism::kNone}, {}, {}}) == Need::kAll);
}

TEST_CASE("an incomplete recording makes an incomplete policy that says why") {
  Trace trace = trace_of({file_fact("/a", FilePerm::kRead)});
  trace.runs[0].end.reset();
  const Policy policy = policy_from(trace, "x");
  CHECK_FALSE(policy.complete);
  CHECK(policy.notes.size() == 1);
}
