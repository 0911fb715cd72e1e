#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/fd.h"
#include "seccomp/formats.h"
#include "seccomp_testing.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

constexpr std::uint64_t kInt = 0xffffffff;

std::vector<SyscallOp> server() {
  return {call("read"),
          call("write"),
          call("openat"),
          call("newfstatat"),
          call("mmap", {{2, 1, 7}}),
          call("mmap", {{2, 5, 7}}),
          call("mprotect", {{2, 1, 7}}),
          call("socket", {{0, 2, kInt}, {1, 1, 0xf}, {2, 0, kInt}}),
          call("accept4"),
          call("ioctl", {{1, 0x5421, kInt}}),
          call("clone3"),
          call("prctl", {{0, 15, kInt}}),
          call("exit_group"),
          call("setsockopt", {{1, 1, kInt}, {2, 2, kInt}})};
}

void compare_with_golden(const std::string& name, const std::string& bytes) {
  const std::string path = std::string(CORDON_SOURCE_DIR) + "/tests/golden/seccomp/" + name;
  const char* bless = std::getenv("CORDON_BLESS");
  if (bless != nullptr && *bless != '\0') {
    REQUIRE(write_file_atomically(path, bytes).ok());
    return;
  }
  const auto golden = read_file(path);
  INFO(name << " (CORDON_BLESS=1 writes it anew)");
  REQUIRE(golden.ok());
  CHECK(*golden == bytes);
}

}  // namespace

TEST_CASE("every form of a small server's profile is as it was") {
  for (const Format& format : formats()) {
    if (format.name == "bpf" || format.name == "containerd" || format.name == "kubernetes") continue;
    const auto emission = emit(server(), {{"seccomp-format", std::string(format.name)}});
    REQUIRE(emission.ok());
    compare_with_golden("server" + std::string(format.suffix), file_of(*emission, std::string(format.suffix)));
  }
}

TEST_CASE("levels, platforms and what is said of them are as they were") {
  const auto tight = emit(server(), {{"arguments", "tight"}}, Platform::kDocker);
  REQUIRE(tight.ok());
  compare_with_golden("server-tight-docker.json", file_of(*tight, ".seccomp.json"));
  std::string said;
  for (const std::string& line : tight->added) said += "added: " + line + "\n";
  for (const RuleNote& note : tight->notes)
    said += "note: " + std::to_string(note.rule) + ": " + note.expression.why + "\n";
  compare_with_golden("server-tight-docker.txt", said);
}
