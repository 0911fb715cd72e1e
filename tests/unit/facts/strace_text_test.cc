#include <catch2/catch.hpp>

#include "facts/strace_text.h"

using namespace cordon;

TEST_CASE("calls in each of strace's line shapes") {
  StraceCall call;
  REQUIRE(parse_strace_call(R"x(openat(AT_FDCWD, "/etc/a,b)", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file))x", call));
  CHECK(call.name == "openat");
  CHECK(call.args == std::vector<std::string>{"AT_FDCWD", "\"/etc/a,b)\"", "O_RDONLY|O_CLOEXEC"});
  CHECK(call.error == "ENOENT");
  REQUIRE(parse_strace_call("[pid  77] 12:00:01.5 read(3, \"x\", 1) = 1", call));
  CHECK(call.pid == 77);
  REQUIRE(parse_strace_call("12 1700000000.1 exit_group(0) = ?", call));
  CHECK(call.pid == 12);
  CHECK_FALSE(call.has_result);
  REQUIRE(parse_strace_call("9 futex(0x1, FUTEX_WAIT, {a=1, b=[2, 3]}, <unfinished ...>", call));
  CHECK(call.name == "futex");
  CHECK_FALSE(parse_strace_call("+++ exited with 0 +++", call));
  CHECK_FALSE(parse_strace_call("hello world", call));
}

TEST_CASE("literals back to bytes, cut ones refused") {
  CHECK(strace_literal(R"x("a\tb\"\\\1\x41\377")x") == std::string("a\tb\"\\\x01"
                                                                   "A\xff"));
  CHECK_FALSE(strace_literal("\"abc\"..."));
  CHECK_FALSE(strace_literal("0x7ffe"));
}
