#include "audit/enricher_line.h"

#include <catch2/catch.hpp>

#include "audit/denial.h"
#include "audit/reader.h"

using namespace cordon;
using namespace cordon::audit;

namespace {

std::vector<Denial> denials_of(const std::string& lines, ReadCounts* counts = nullptr) {
  std::vector<Denial> out;
  ReadOptions options;
  options.threads = false;
  LogReader* self = nullptr;
  LogReader reader(options, [&](const Event& event) {
    for (auto& denial :
         decode_decisions(event, [&](std::uint32_t index) -> const std::string& { return self->source_name(index); }))
      out.push_back(std::move(denial));
  });
  self = &reader;
  reader.feed(lines, "test.log");
  reader.flush();
  if (counts != nullptr) *counts = reader.counts();
  return out;
}

const std::string kHead = "I0523 14:19:08.747313  430694 enricher.go:445] log-enricher \"msg\"=\"audit\" ";

}  // namespace

TEST_CASE("the log-enricher's seccomp lines keep their container") {
  const auto denials = denials_of(
      kHead +
      "\"container\"=\"redis\" \"executable\"=\"/usr/bin/redis\" \"namespace\"=\"shop\" \"node\"=\"worker-1\" "
      "\"pid\"=6568 \"pod\"=\"my-pod\" \"syscallID\"=165 \"syscallName\"=\"mount\" "
      "\"timestamp\"=\"1684851548.745:207179\" \"type\"=\"seccomp\"\n");
  REQUIRE(denials.size() == 1);
  REQUIRE(denials[0].facts.size() == 1);
  const auto& fact = denials[0].facts[0];
  CHECK(fact.subject.container == "shop/my-pod/redis");
  CHECK(fact.subject.exe == "/usr/bin/redis");
  CHECK(std::get<SyscallOp>(fact.operation).name == "mount");
  CHECK(fact.origin.event == "worker-1 1684851548.745:207179");
  CHECK(denials[0].outcome == Outcome::kWouldDeny);
}

TEST_CASE("the log-enricher's SELinux and AppArmor lines are records") {
  const auto denials = denials_of(
      kHead +
      "\"container\"=\"c\" \"namespace\"=\"n\" \"node\"=\"w\" \"perm\"=\"name_bind\" \"pod\"=\"p\" \"profile\"=\"x\" "
      "\"scontext\"=\"system_u:system_r:a.process:s0:c4,c27\" \"tclass\"=\"tcp_socket\" "
      "\"tcontext\"=\"system_u:object_r:redis_port_t:s0\" "
      "\"timestamp\"=\"1684331735.105:273965\" \"type\"=\"selinux\"\n" +
      kHead +
      "\"apparmor\"=\"DENIED\" \"container\"=\"c\" \"name\"=\"/a b\\\"\" \"namespace\"=\"n\" \"node\"=\"w\" "
      "\"operation\"=\"open\" \"pid\"=1 \"pod\"=\"p\" "
      "\"profile\"=\"/bin/x\" \"requested_mask\"=\"r\" \"denied_mask\"=\"r\" \"timestamp\"=\"1684331735.106:273966\" "
      "\"type\"=\"apparmor\"\n");
  REQUIRE(denials.size() == 2);
  for (const auto& denial : denials) {
    INFO(denial.problem);
    REQUIRE(denial.facts.size() == 1);
    CHECK(denial.facts[0].subject.container == "n/p/c");
  }
  CHECK(std::get<AvOp>(denials[0].facts[0].operation).perms == std::vector<std::string>{"name_bind"});
  CHECK(std::get<FileOp>(denials[1].facts[0].operation).path == "/a b\"");
}

TEST_CASE("what the log-enricher did not write whole is told, not guessed") {
  for (const std::string line :
       {"\"type\"=\"seccomp\" \"syscallID\"=165 \"syscallName\"=\"nosuch\"", "\"type\"=\"selinux\" \"perm\"=\"a} {b\"",
        "\"type\"=\"seccomp\" \"pod\"=\"torn", "\"type\"=\"apparmor\" \"pod\"=\"p\""}) {
    INFO(line);
    ReadCounts counts;
    CHECK(denials_of(kHead + line + "\n", &counts).empty());
    CHECK(counts.malformed == 1);
  }
  ReadCounts counts;
  CHECK(denials_of(kHead + "\"type\"=\"other\"\n", &counts).empty());
  CHECK(counts.other_lines == 1);
}
