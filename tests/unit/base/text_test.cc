#include <catch2/catch.hpp>

#include "base/bytes.h"
#include "base/text.h"

using namespace cordon;

TEST_CASE("counts are told in English") {
  CHECK(counted(0, "capability") == "0 capabilities");
  CHECK(counted(1, "capability") == "1 capability");
  CHECK(counted(2, "key") == "2 keys");
  CHECK(counted(3, "process") == "3 processes");
  CHECK(counted(1234567, "fact") == "1 234 567 facts");
}

TEST_CASE("a command is split as a shell splits plain words") {
  CHECK(split_command("a 'b c' \"d \\\" e\" f\\ g ''") == std::vector<std::string>{"a", "b c", "d \" e", "f g", ""});
  CHECK(split_command("  ") == std::vector<std::string>{});
  CHECK(split_command("'a\\b'") == std::vector<std::string>{"a\\b"});
  CHECK_FALSE(split_command("a 'b"));
  CHECK(split_command("$HOME *") == std::vector<std::string>{"$HOME", "*"});
}

TEST_CASE("what is printed cannot steer a terminal") {
  CHECK(printable("\x1b[31m\r\n\t") == "\\x1b[31m\\x0d\\n\\t");
  CHECK(printable("\xc2\x9b"
                  "1m") == "\\xc2\\x9b1m");
  CHECK(printable("a\xe2\x80\xae"
                  "b") == "a\\xe2\\x80\\xaeb");
  CHECK(printable("\xff\xc3\xa9") == "\\xff\xc3\xa9");
}

TEST_CASE("UTF-8 as RFC 3629 has it") {
  CHECK(is_utf8("\xf0\x9f\x98\x80"));
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("hex there and back, odd and foreign digits refused") {
  CHECK(from_hex(to_hex(std::string("\0\xff z", 4))) == std::string("\0\xff z", 4));
  CHECK_FALSE(from_hex("abc"));
  CHECK_FALSE(from_hex("zz"));
}
