#include <catch2/catch.hpp>
#include <cctype>
#include <random>

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
  CHECK(walk("res=1\x1d"
             "AUID=\"unset\" UID=\"root\"") == "res=[1] AUID=[unset] UID=[root] ");
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
  const auto value = [](std::string_view body, std::string_view key) {
    return decoded_field(body, key, Dialect::kRaw);
  };
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

namespace {

/// FieldWalker's rule for raw bodies, byte by byte.
std::vector<std::pair<std::string, std::string>> slow_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto blank = [](char c) { return std::string_view(" \t\n\r\x1d").find(c) != std::string_view::npos; };
  const auto key_char = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t start = at;
    while (at < text.size() && text[at] != '=' && !blank(text[at])) ++at;
    if (at == text.size() || text[at] != '=') {
      ++at;
      continue;
    }
    while (start < at && !key_char(text[start])) ++start;
    const std::string key(text.substr(start, at++ - start));
    std::size_t end = at;
    if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
      end = text.find(text[at], at + 1);
      const std::string value(text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
      at = end == std::string_view::npos ? text.size() : end + 1;
      if (!key.empty()) out.emplace_back(key, value);
      continue;
    }
    while (end < text.size() && !blank(text[end])) ++end;
    if (!key.empty()) out.emplace_back(key, text.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace

TEST_CASE("eight bytes at a time are walked as one by one") {
  std::mt19937 random(11);
  const std::string_view bytes("ab0_-=\"' \t\n\r\x1d\x1c\x1f!\x7f\x80\xff\0x=", 22);
  for (int round = 0; round < 20000; ++round) {
    std::string body;
    for (std::size_t size = random() % 60; body.size() < size;) body += bytes[random() % bytes.size()];
    std::vector<std::pair<std::string, std::string>> walked;
    FieldWalker walker(body, Dialect::kRaw);
    for (Field field; walker.next(field);) walked.emplace_back(field.key, field.raw);
    REQUIRE(walked == slow_fields(body));
  }
}
