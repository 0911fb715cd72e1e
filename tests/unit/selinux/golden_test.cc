#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "base/fd.h"
#include "selinux/cil.h"
#include "selinux/interface_file.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/shape.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

void compare(const std::string& name, const std::string& made) {
  const std::string path = std::string(CORDON_SOURCE_DIR) + "/tests/golden/selinux/" + name;
  const char* bless = std::getenv("CORDON_BLESS");
  if (bless != nullptr && *bless != '\0') std::ofstream(path, std::ios::binary) << made;
  const auto wanted = read_file(path);
  REQUIRE(wanted.ok());
  INFO(name << " (CORDON_BLESS=1 writes it anew)");
  CHECK(*wanted == made);
}

/// One of everything that a module can hold.
Module sample() {
  Module m;
  m.name = "sample";
  m.remarks = {"made for a test", "with a line\nbreak"};
  m.types = {"sample_t", "sample_exec_t", "sample_tmp_t"};
  m.type_attributes = {{"sample_t", {"domain"}}, {"sample_tmp_t", {"file_type", "tmpfile"}}};
  m.role_types = {{"system_r", "sample_t"}};
  m.role_allows = {{"staff_r", "system_r"}};
  m.bounds = {{"outer_t", "sample_t"}};
  m.permissive = {"sample_t"};
  m.allow("sample_t", "etc_t", "file", {"read", "open"});
  m.allow("sample_t", "sample_t", "process", {"fork"});
  m.rules[{RuleKind::kDontaudit, "init_t", "sample_t", "process"}] = {"siginh"};
  m.ioctls[{RuleKind::kAllow, "sample_t", "devtty_t", "chr_file"}] = {0x5401, 0x5413};
  m.type_rules = {{"type_transition", "init_t", "sample_exec_t", "process", "", "sample_t"},
                  {"type_transition", "sample_t", "tmp_t", "file", "a name", "sample_tmp_t"}};
  m.contexts = {{escape_path("/usr/bin/sample"), "--", "sample_exec_t", "s0"},
                {escape_path("/tmp/a b\n(c)"), "-d", "sample_tmp_t", "s0"},
                {escape_path("/var/none") + "(/.*)?", "", "", ""}};
  m.ports = {{"tcp", 8080, 8081, "sample_port_t"}};
  return m;
}

}  // namespace

TEST_CASE("a module is written as the golden files have it") {
  compare("sample.te", write_te(sample()));
  compare("sample.cil", write_cil(sample(), true));
  compare("sample.mls.fc", write_fc(sample(), ContextStyle::kMls));
  compare("sample.plain.fc", write_fc(sample(), ContextStyle::kPlain));
  compare("sample.refpolicy.fc", write_fc(sample(), ContextStyle::kGenContext));
  compare("sample.if", write_interfaces(sample(), "sample_t", "sample_exec_t"));
}

TEST_CASE("path shapes become regexes that match just them") {
  PathPattern pattern;
  pattern.parts = {
      {"/tmp/a.", {}, 1, 0}, {"", Alphabet::kAlnum, 6, 6}, {"/x+", {}, 1, 0}, {"", Alphabet::kDigits, 1, 0}};
  CHECK(regex_of(pattern) == "/tmp/a\\.[0-9A-Za-z]{6}/x\\+[0-9]+");
  CHECK(sample_of(pattern) == "/tmp/a.000000/x+0");
  CHECK(pattern.matches(sample_of(pattern)));
  const auto labels = Labels::of_module({{regex_of(pattern), "--", "a_t", "s0"}}, true);
  REQUIRE(labels.ok());
  CHECK(labels->lookup("/tmp/a.bZ09qq/x+12", FileKind::kRegular) == "system_u:object_r:a_t:s0");
  CHECK_FALSE(labels->lookup("/tmp/aXbZ09qq/x+12", FileKind::kRegular));
  CHECK_FALSE(labels->lookup("/tmp/a.bZ09qq/xx12", FileKind::kRegular));
}

TEST_CASE("an escaped path stands for itself alone") {
  std::string all = "/";
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(literal_of(escape_path(all)) == all);
  for (const char* regex : {"/a.b", "/a(/.*)?", "/[0-9]", "/a\\d", "/a\\", "/a\\x0", "/a\\x00"})
    CHECK_FALSE(literal_of(regex));
  const auto labels = Labels::of_module({{escape_path(all), "--", "a_t", "s0"}, {"/.*", "-d", "b_t", "s0"}}, false);
  REQUIRE(labels.ok());
  CHECK(labels->lookup(all, FileKind::kRegular) == "system_u:object_r:a_t");
  CHECK_FALSE(labels->lookup("/x", FileKind::kRegular));
  CHECK(labels->lookup("/x", FileKind::kDirectory) == "system_u:object_r:b_t");
}

TEST_CASE("libselinux reads an escaped path as we do") {
  // A pattern beside it sends the lookup to libselinux: the file type differs, so the table has no answer.
  const std::string hostile = "/tmp/a b\"c'd(e)[f]{g}*?$^|\\\xff#`,;";
  const auto labels = Labels::of_module({{escape_path(hostile) + "(/.*)?", "", "a_t", "s0"}}, true);
  REQUIRE(labels.ok());
  CHECK(labels->lookup(hostile, FileKind::kRegular) == "system_u:object_r:a_t:s0");
  CHECK(labels->lookup(hostile + "/x", FileKind::kRegular) == "system_u:object_r:a_t:s0");
  CHECK_FALSE(labels->lookup("/tmp/a b", FileKind::kRegular));
}
