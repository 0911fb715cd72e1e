#include <catch2/catch.hpp>

#include "cli/parser.h"

using namespace cordon;
using namespace cordon::cli;

namespace {

const ToolRow kTool = {"tool", "a tool", {}};

CommandRow row() {
  CommandRow command;
  command.name = "learn";
  command.options = {{"-n,--name", "NAME", "a name"},
                     {"--for", "PLACE", "where", "docker|podman", "docker"},
                     {"--target", "LIST", "which", "a|b|c", "", true},
                     {"-v", "", "more"}};
  command.takes_command = TakesCommand::kYes;
  return command;
}

Result<Arguments> parse(std::vector<std::string> words) {
  static const CommandRow kRow = row();
  Answer answer;
  return Parser(kTool, kRow).parse(std::move(words), answer);
}

}  // namespace

TEST_CASE("options, defaults and the command after the dashes") {
  const auto got = parse({"-n", "x", "--target", "a,b", "--target", "c", "--", "ls", "-n", "--"});
  REQUIRE(got);
  CHECK(got->get("name") == "x");
  CHECK(got->get("for") == "docker");
  CHECK_FALSE(got->has("for"));
  CHECK_FALSE(got->has("v"));
  CHECK(got->get_all("target") == std::vector<std::string>{"a,b", "c"});
  CHECK(got->command() == std::vector<std::string>{"ls", "-n", "--"});
}

TEST_CASE("a wrong choice, a missing command and a stray word are usage errors that say what to do") {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--for", "moon", "--", "ls"},
                                                                 {"--target", "a,z", "--", "ls"},
                                                                 {"-n", "x"},
                                                                 {"ls", "--", "ls"},
                                                                 {"--what"}}) {
    const auto got = parse(words);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == ErrorCode::kUsage);
    CHECK_FALSE(got.error().hint.empty());
  }
}

TEST_CASE("words are taken as they are, whatever they look like") {
  CommandRow takes = row();
  takes.positionals = "FILE…";
  Answer answer;
  const std::vector<std::string> odd = {"[a,b]", "[]", "\"q\"", "%%", "", " ", "a=b", "{x}"};
  const auto got = Parser(kTool, takes)
                       .parse(
                           [&] {
                             std::vector<std::string> words = odd;
                             words.insert(words.end(), {"-n", "[c,d]", "--", "[e,f]"});
                             return words;
                           }(),
                           answer);
  REQUIRE(got);
  CHECK(got->positionals() == odd);
  CHECK(got->get("name") == "[c,d]");
  CHECK(got->command() == std::vector<std::string>{"[e,f]"});
}

TEST_CASE("completions name every option") {
  ToolRow tool = kTool;
  tool.commands = {row()};
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = completions(tool, shell);
    REQUIRE(script);
    CHECK(script->find("name") != std::string::npos);
    CHECK(script->find("docker podman") != std::string::npos);
  }
  CHECK_FALSE(completions(tool, "csh"));
}
