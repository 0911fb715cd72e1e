#include <catch2/catch.hpp>

#include "oci/annotation.h"
#include "oci/config.h"
#include "oci/runtime_command.h"

using namespace cordon;
using namespace cordon::oci;

namespace {

Result<Wishes> wish(const std::string& hook) { return read_wishes({{"io.containers.trace-syscall", hook}}); }

RuntimeCommand command_of(const std::vector<std::string>& words) { return read_runtime_command(words); }

}  // namespace

TEST_CASE("the hook's annotation names an output and a base, in either order") {
  for (const char* text :
       {"of:/a/out.json;if:/b/base.json", "if:/b/base.json;of:/a/out.json", " of: /a/out.json ; if: /b/base.json ;"}) {
    const auto wishes = wish(text);
    REQUIRE(wishes);
    CHECK((*wishes).profile == "/a/out.json");
    CHECK((*wishes).base == "/b/base.json");
    CHECK((*wishes).any);
  }
  CHECK_FALSE((*read_wishes({{"other", "of:/x"}})).any);
}

TEST_CASE("annotations that say something else are refused") {
  for (const char* text : {"", ";", "if:/b", "of:", "of:out.json", "of:/a/", "of:/a/../b", "of:/a/./b", "of:/a;of:/b",
                           "/a", "o", "of:/a;x"})
    CHECK_FALSE(wish(text));
  CHECK_FALSE(read_wishes({{"io.cordon.detail", "all"}}));
  CHECK_FALSE(read_wishes({{"io.cordon.trace", "t"}}));
  CHECK_FALSE(read_wishes({{"io.cordon.trace", std::string("/a\0b", 4)}}));
}

TEST_CASE("a runtime's words as podman, docker and people give them") {
  const auto podman = command_of({"--log-format=json", "--log=/x/oci-log", "create", "--bundle", "/b/userdata",
                                  "--pid-file", "/b/pid", "--console-socket", "/s", "abc"});
  CHECK(podman.name == "create");
  CHECK(podman.bundle == "/b/userdata");
  CHECK(podman.id == "abc");
  CHECK(podman.log == "/x/oci-log");
  CHECK(podman.log_is_json);
  const auto docker = command_of({"--root", "/run/x", "--log", "/l", "--log-format", "json", "--systemd-cgroup",
                                  "create", "--bundle", "/b", "--pid-file", "/p", "abc"});
  CHECK(docker.name == "create");
  CHECK(docker.name_at == 7);
  const auto person = command_of({"run", "-b", "here", "-d", "--preserve-fds=2", "box"});
  CHECK(person.bundle == "here");
  CHECK(person.detach);
  CHECK(person.preserve_fds == 2);
  CHECK(command_of({"run", "-bhere", "-fother.json", "box"}).config == "other.json");
  CHECK(command_of({"--root", "create", "state", "x"}).name == "state");
  CHECK(command_of({"delete", "--force", "--", "-x"}).id == "-x");
  const auto behind =
      command_of({"--bundle", "/a", "--", "run", "-b", "/b", "box"});  // the dashes end the first options alone
  CHECK(behind.name == "run");
  CHECK(behind.bundle == "/b");
  CHECK(behind.id == "box");
  CHECK(command_of({"--debug"}).name.empty());
  CHECK(command_of({"run", "--bundle"}).bundle.empty());
}

TEST_CASE("the count of handed descriptors is replaced, not added") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--debug", "run", "--preserve-fds", "2", "-b", "d", "x"},
        std::vector<std::string>{"--debug", "run", "--preserve-fds=2", "-b", "d", "x"}})
    CHECK(with_preserved(words, read_runtime_command(words), 4) ==
          std::vector<std::string>{"--debug", "run", "--preserve-fds=4", "-b", "d", "x"});
  const std::vector<std::string> dashes = {"--", "run", "x"};
  CHECK(with_preserved(dashes, read_runtime_command(dashes), 4) ==
        std::vector<std::string>{"--", "run", "--preserve-fds=4", "x"});
  const std::vector<std::string> names = {"--", "--preserve-fds", "--pid-file", "--preserve-fds", "--", "-b"};
  CHECK(
      with_preserved(names, read_runtime_command(names), 4) ==
      std::vector<std::string>{"--", "--preserve-fds", "--preserve-fds=4", "--pid-file", "--preserve-fds", "--", "-b"});
}

TEST_CASE("only the arguments of a configuration change") {
  const std::string text =
      R"({"ociVersion":"1.0.2","zz":18446744073709551615,"process":{"args":["a"],"rlimits":[{"hard":-1}]},"annotations":{"k":"v","n":5},)"
      R"("mounts":[{"destination":"/proc"}],"linux":{"mountLabel":"l","seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}})";
  const auto config = read_config(text, "c");
  REQUIRE(config);
  CHECK((*config).args == std::vector<std::string>{"a"});
  CHECK((*config).annotations == std::map<std::string, std::string>{{"k", "v"}});
  CHECK((*config).mount_label == "l");
  CHECK((*config).has_proc);
  CHECK((*config).seccomp == R"({"defaultAction":"SCMP_ACT_ALLOW"})");
  const auto changed = with_args(text, "c", {"r", "--", "a"});
  REQUIRE(changed);
  std::string expected = text;
  expected.replace(expected.find(R"(["a"])"), 5, R"(["r","--","a"])");
  CHECK(*changed == expected);
}

TEST_CASE("what is no configuration is said") {
  CHECK(read_config("{", "c").error().what.find("byte") != std::string::npos);
  CHECK_FALSE(read_config("5", "c"));
  CHECK_FALSE(read_config(std::string(200, '[') + std::string(200, ']'), "c"));
  CHECK_FALSE(read_config(R"({"process":{"args":[1]}})", "c"));
  CHECK_FALSE(with_args("{}", "c", {}));
  CHECK((*read_config(R"({"process":null,"linux":null,"mounts":5,"annotations":[]})", "c")).args.empty());
}
