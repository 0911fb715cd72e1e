#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "base/fd.h"
#include "cli/parser.h"

using namespace cordon;
using namespace cordon::cli;

namespace {

struct Ended {
  int code = 0;
  std::string out, err;
};

std::string drained(const UniqueFd& fd) {
  std::string text;
  char block[4096];
  while (const auto got = read_some(fd.get(), block, sizeof block, "pipe")) {
    if (*got == 0) break;
    text.append(block, *got);
  }
  return text;
}

/// A standard stream in a file of our own, as long as this lives.
class Caught {
 public:
  explicit Caught(int stream) : stream_(stream), kept_(dup(stream)), file_(memfd_create("caught", MFD_CLOEXEC)) {
    dup2(file_.get(), stream);
  }
  ~Caught() { dup2(kept_.get(), stream_); }
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;
  std::string text() const {
    lseek(file_.get(), 0, SEEK_SET);
    return drained(file_);
  }

 private:
  int stream_;
  UniqueFd kept_, file_;
};

Ended run(const ToolRow& tool, std::vector<std::string> words) {
  words.insert(words.begin(), "/usr/bin/tool");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  std::fflush(stdout);
  const Caught out(STDOUT_FILENO), err(STDERR_FILENO);
  Ended ended;
  ended.code = run_tool(tool, static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  std::fflush(stderr);
  ended.out = out.text();
  ended.err = err.text();
  return ended;
}

CommandRow command(std::string name, std::function<int(const Arguments&)> act) {
  CommandRow row;
  row.name = std::move(name);
  row.summary = "does it";
  row.positionals = "FILE…";
  row.options = {{"-n,--name", "NAME", "a name"}, {"--for", "PLACE", "where", "docker|podman", "docker"}};
  row.examples = {"tool " + row.name + " -n x file"};
  row.run = std::move(act);
  return row;
}

ToolRow tool(std::vector<CommandRow> commands) {
  ToolRow row{"tool", "a tool of two commands", std::move(commands)};
  row.epilogue = "The end.";
  return row;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a command is run with what was typed, and its code is the tool's") {
  const ToolRow row = tool({command("say",
                                    [](const Arguments& given) {
                                      std::printf("%s %s\n", given.get("name").c_str(), given.get("for").c_str());
                                      return static_cast<int>(given.positionals().size());
                                    }),
                            command("other", [](const Arguments&) { return 0; })});
  const Ended ended = run(row, {"say", "-n", "x", "one", "two"});
  CHECK(ended.code == 2);
  CHECK(ended.out == "x docker\n");
  CHECK(run(row, {"other"}).code == kFine);
}

TEST_CASE("help, version and completions are answered without the command") {
  bool ran = false;
  const ToolRow row = tool({command("say", [&](const Arguments&) { return ran = true, 0; })});
  for (const char* word : {"--help", "-h"}) {
    const Ended help = run(row, {word});
    CHECK(help.code == kFine);
    CHECK(holds(help.out, "usage: tool COMMAND"));
    CHECK(holds(help.out, "say"));
    CHECK(holds(help.out, "The end."));
  }
  const Ended of_command = run(row, {"say", "--help"});
  CHECK(of_command.code == kFine);
  CHECK(holds(of_command.out, "usage: tool say [OPTION…] FILE…"));
  CHECK(holds(of_command.out, "[docker|podman] (default: docker)"));
  CHECK(holds(of_command.out, "  tool say -n x file\n"));
  CHECK(run(row, {"--version"}).out.starts_with("tool "));
  CHECK(run(row, {"--completions", "bash"}).code == kFine);
  CHECK_FALSE(ran);
}

TEST_CASE("wrong words end with the tool's own usage code and say what is wrong") {
  ToolRow row = tool({command("say", [](const Arguments&) { return 0; })});
  row.usage_exit = 125;
  const Ended unknown = run(row, {"sing\x1b[31m"});
  CHECK(unknown.code == 125);
  CHECK(holds(unknown.err, "tool: error: no command 'sing\\x1b[31m'"));
  CHECK(holds(unknown.err, "  see --help"));
  CHECK(run(row, {"say", "--what"}).code == 125);
  CHECK(run(row, {"--completions", "csh"}).code == 125);
  const Ended nothing = run(row, {});
  CHECK(nothing.code == 125);
  CHECK(holds(nothing.out, "usage: tool COMMAND"));
}

TEST_CASE("what has to be done before a command is done, and its failure ends the tool") {
  bool ran = false;
  ToolRow row = tool({command("say", [&](const Arguments&) { return ran = true, 0; })});
  row.before = [](std::string_view name, const Arguments&) -> Result<void> {
    return Error{ErrorCode::kEnvironment, "not for " + std::string(name), {}, {}};
  };
  const Ended ended = run(row, {"say"});
  CHECK(ended.code == kEnvironment);
  CHECK(holds(ended.err, "not for say"));
  CHECK_FALSE(ran);
}

TEST_CASE("an output that did not arrive is no success") {
  const ToolRow row = tool({command("fill",
                                    [](const Arguments&) {
                                      std::fputs(std::string(100'000, 'x').c_str(), stdout);
                                      return 0;
                                    }),
                            command("fail", [](const Arguments&) -> int { throw std::system_error(); })});
  CHECK(run(row, {"fail"}).code == kEnvironment);
  std::fflush(stdout);
  const UniqueFd kept(dup(STDOUT_FILENO)), full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  dup2(full.get(), STDOUT_FILENO);
  char name[] = "tool", fill[] = "fill";
  char* argv[] = {name, fill};
  const Caught err(STDERR_FILENO);
  const int code = run_tool(row, 2, argv);
  dup2(kept.get(), STDOUT_FILENO);
  CHECK(code == kEnvironment);
  CHECK(holds(err.text(), "cannot write all to standard output"));
}

TEST_CASE("each kind of failure has its exit code") {
  CHECK(exit_code({ErrorCode::kUsage, {}, {}, {}}) == 2);
  CHECK(exit_code({ErrorCode::kBadInput, {}, {}, {}}) == 3);
  CHECK(exit_code({ErrorCode::kEnvironment, {}, {}, {}}) == 4);
  CHECK(exit_code({ErrorCode::kIo, {}, {}, {}}) == 4);
  CHECK(exit_code({ErrorCode::kRefused, {}, {}, {}}) == 1);
}

TEST_CASE("diagnostics are shown with what they are, where, and what to do") {
  Diagnostics all;
  all.warn("odd\nname", "a file", "look there");
  const Caught err(STDERR_FILENO);
  show("tool", all);
  std::fflush(stderr);
  CHECK(err.text() == "tool: warning: a file: odd\\nname\n  look there\n");
}

TEST_CASE("the manual is the page with the options in it") {
  const std::string page = "/tmp/cordon-unit-" + std::to_string(getpid()) + ".1";
  const ToolRow row = tool({command("say", nullptr)});
  std::ofstream(page) << ".TH TOOL 1\n.\\\" OPTIONS\n.SH END\n";
  const auto text = manual(row, page);
  REQUIRE(text);
  CHECK(holds(*text, ".TH TOOL 1\n.SH COMMANDS AND OPTIONS\n"));
  CHECK(holds(*text, "\\fB\\-n\\fR, \\fB\\-\\-name\\fR \\fINAME\\fR"));
  CHECK(holds(*text, "One of: docker podman."));
  CHECK(holds(*text, "Default: docker."));
  CHECK(holds(*text, ".SH END\n"));
  std::ofstream(page) << ".so man1/other.1\n";
  CHECK(*manual(row, page) == ".so man1/other.1\n");
  std::ofstream(page) << ".TH TOOL 1\n";
  CHECK(manual(row, page).error().code == ErrorCode::kBadInput);
  CHECK_FALSE(manual(row, "/no/such/page"));
  unlink(page.c_str());
}
