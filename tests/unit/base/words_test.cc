#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/bytes.h"
#include "base/diagnostics.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/terminal.h"
#include "base/text.h"

using namespace cordon;

namespace {

/// A terminal of our own in the place of a standard stream, as long as this lives.
class Terminal {
 public:
  Terminal(int stream, unsigned short columns) : stream_(stream), kept_(dup(stream)) {
    winsize size{24, columns, 0, 0};
    int master = -1, slave = -1;
    REQUIRE(openpty(&master, &slave, nullptr, nullptr, &size) == 0);
    master_.reset(master);
    dup2(slave, stream);
    close(slave);
  }
  ~Terminal() { dup2(kept_.get(), stream_); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  std::string shown() const {
    char text[4096];
    const auto got = read_some(master_.get(), text, sizeof text, "terminal");
    return got ? std::string(text, *got) : std::string();
  }

 private:
  int stream_;
  UniqueFd kept_;
  UniqueFd master_;
};

}  // namespace

TEST_CASE("an error is told with its place and its hint, as far as it has them") {
  CHECK(to_text({ErrorCode::kBadInput, "what", "where", "hint"}) == "where: what (hint)");
  CHECK(to_text({ErrorCode::kBadInput, "what", {}, {}}) == "what");
  CHECK(errno_error(2, "cannot open", "f").what == "cannot open: No such file or directory");
}

TEST_CASE("diagnostics keep their order, and only errors are errors") {
  Diagnostics all;
  all.note("n");
  all.warn("w", "there");
  CHECK_FALSE(all.has_errors());
  all.error("e", {}, "do this");
  CHECK(all.has_errors());
  REQUIRE(all.all().size() == 3);
  CHECK(all.all()[1].where == "there");
  CHECK(all.all()[2].hint == "do this");
  CHECK(to_text(Severity::kNote) == "note");
  CHECK(to_text(Severity::kWarning) == "warning");
  CHECK(to_text(Severity::kError) == "error");
}

TEST_CASE("digests are SHA-256's: FIPS 180-4's own examples") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("words are cut, joined and trimmed") {
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(join({"a", "b"}, ", ") == "a, b");
  CHECK(join({}, ", ").empty());
  CHECK(trim(" \ta b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(counted(2, "match") == "2 matches");
  CHECK(counted(2, "box") == "2 boxes");
  CHECK(counted(1000, "line") == "1 000 lines");
}

TEST_CASE("a number is the whole text or none") {
  CHECK(parse_number<int>("-12") == -12);
  CHECK(parse_number<unsigned>("ff", 16) == 255U);
  CHECK_FALSE(parse_number<unsigned>("-1"));
  CHECK_FALSE(parse_number<int>("12x"));
  CHECK_FALSE(parse_number<int>(""));
  CHECK_FALSE(parse_number<std::uint8_t>("256"));
}

TEST_CASE("JSON strings escape what JSON asks for, in one form, and nothing else") {
  std::string out;
  append_json_string(out, "a\"\\\b\f\n\r\t\x01\x7f\xc3\xa9/");
  CHECK(out == "\"a\\\"\\\\\\u0008\\u000c\\u000a\\u000d\\u0009\\u0001\x7f\xc3\xa9/\"");
}

TEST_CASE("colours come on a terminal alone, and not where they are not wanted") {
  const char* term = std::getenv("TERM");
  const std::string before = term != nullptr ? term : "";
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  CHECK_FALSE(wants_colour(writer.get()));
  CHECK(terminal_width(writer.get()) == 80);
  {
    const Terminal terminal(STDERR_FILENO, 132);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    CHECK(is_terminal(STDERR_FILENO));
    CHECK(wants_colour(STDERR_FILENO));
    CHECK(terminal_width(STDERR_FILENO) == 132);
    setenv("NO_COLOR", "1", 1);
    CHECK_FALSE(wants_colour(STDERR_FILENO));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    CHECK_FALSE(wants_colour(STDERR_FILENO));
  }
  setenv("TERM", before.c_str(), 1);
  CHECK(styled("x", Style::kRed, true) == "\x1b[31mx\x1b[0m");
  CHECK(styled("x", Style::kRed, false) == "x");
}

TEST_CASE("progress rewrites its line, no wider than the terminal, and takes it away") {
  const Terminal terminal(STDERR_FILENO, 10);
  {
    Progress progress;
    progress.show("a long line\x1b[2J that does not fit");
    progress.show("too soon after the first");
  }
  CHECK(terminal.shown() == "\r\x1b[Ka long li\r\x1b[K");
}

TEST_CASE("progress says nothing where there is no terminal") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const UniqueFd reader(ends[0]);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  {
    Progress progress;
    progress.show("x");
  }
  dup2(kept, STDERR_FILENO);
  close(kept);
  char byte = 0;
  CHECK(*read_some(reader.get(), &byte, 1, "pipe") == 0);
}
