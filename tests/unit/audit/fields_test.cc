#include <catch2/catch.hpp>

#include "audit/fields.h"

using namespace cordon::audit;

namespace {

std::string walk(std::string_view body, Dialect dialect = Dialect::kRaw) {
  std::string out;
  FieldWalker walker(body, dialect);
  for (Field field; walker.next(field);)
    out += std::string(field.key) + "=[" + std::string(field.raw) + "]" + (field.closed ? "" : "!") + " ";
  return out;
}

}  // namespace

TEST_CASE("fields are cut at blanks, quotes and auditd's 0x1d") {
  CHECK(walk("pid=1 comm=\"a b\" key=(null)") == "pid=[1] comm=[a b] key=[(null)] ");
  CHECK(walk("name=\"x=y\" dev=dm-0") == "name=[x=y] dev=[dm-0] ");
  CHECK(walk("res=1\x1d" "AUID=\"unset\" UID=\"root\"") == "res=[1] AUID=[unset] UID=[root] ");
  CHECK(walk("target=\"/a\"FSUID=\"portage\"") == "target=[/a] FSUID=[portage] ");
  CHECK(walk("flags=\"rw, mand\" x=1") == "flags=[rw, mand] x=[1] ");
}

TEST_CASE("a missing quote ends with the record") {
  CHECK(walk("comm=\"cut of") == "comm=[cut of]! ");
  CHECK(walk("msg='avc:  denied  { read } for exe=\"/x\"") == "msg=[avc:  denied  { read } for exe=\"/x\"]! ");
}

TEST_CASE("msg='…' is closed by its last quote, others by the next") {
  CHECK(walk("msg='it's fine' res=1") == "msg=[it's fine] res=[1] ");
  CHECK(walk("old='a' new='b'") == "old=[a] new=[b] ");
  CHECK(inner_message("pid=1 msg='avc:  denied  { send_msg } for exe=\"/x\"'") ==
        "avc:  denied  { send_msg } for exe=\"/x\"");
  CHECK(inner_message("no inner") == "no inner");
}

TEST_CASE("interpreted values last until the next key") {
  CHECK(walk("comm=my own prog name=a b path=/x y", Dialect::kInterpreted) ==
        "comm=[my own prog] name=[a b] path=[/x y] ");
  CHECK(walk("proctitle=/bin/sh -c true", Dialect::kInterpreted) == "proctitle=[/bin/sh -c true] ");
}

TEST_CASE("hex is decoded where the kernel encodes, and nowhere else") {
  const auto value = [](std::string_view body, std::string_view key) { return decoded_field(body, key, Dialect::kRaw); };
  CHECK(value("comm=7570642D30", "comm") == "upd-0");
  CHECK(value("comm=\"7570642D30\"", "comm") == "7570642D30");
  CHECK(value("name=2F746D702F6E756C00", "name") == std::string("/tmp/nul\0", 9));
  CHECK(value("comm=ABC", "comm") == "ABC");
  CHECK(value("ino=1234", "ino") == "1234");
  CHECK(value("a1=7570642D30", "a1") == "7570642D30");
  CHECK(value("path=(null)", "path").empty());
  CHECK(decoded_field("comm=ABCD", "comm", Dialect::kInterpreted) == "ABCD");
}

TEST_CASE("the first of two fields of a name counts") {
  CHECK(decoded_field("pid=1 pid=2", "pid", Dialect::kRaw) == "1");
  CHECK_FALSE(find_field("a=1", "b"));
}
