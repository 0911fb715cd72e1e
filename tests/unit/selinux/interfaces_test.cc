#include <catch2/catch.hpp>
#include <filesystem>

#include "selinux/interfaces.h"
#include "selinux/m4.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

const char* const kSets =
    "define(`read_file_perms',`{ getattr open read }')\n"
    "define(`read_files_pattern',`\n\tallow $1 $2:dir search;\n\tallow $1 $3:file read_file_perms;\n')\n";
const char* const kFile =
    "## <summary>A file's reader.</summary>\n"
    "interface(`a_read',`\n\tgen_require(`\n\t\ttype a_t;\n\t')\n\n\tread_files_pattern($1, a_t, a_t)\n')\n"
    "interface(`a_manage',`\n\ta_read($1)\n\tallow $1 a_t:file { create write };\n')\n"
    "interface(`a_old',`\n\trefpolicywarn(`$0 is old')\n\ta_read($1)\n')\n"
    "interface(`a_all',`\n\tallow $1 a_t:file *;\n')\n"
    "interface(`a_send',`\n\tallow $1 $2:process signal;\n')\n"
    "interface(`a_gone',`\n\tnowhere($1)\n')\n";

}  // namespace

TEST_CASE("interfaces are expanded and the least one is chosen") {
  const auto all = Interfaces::parse({{"sets.spt", kSets}, {"a.if", kFile}}, nullptr);
  REQUIRE(all.ok());
  CHECK(all->unreadable() == 1);
  const auto read = all->matches("x_t", "a_t", "file", {"read"}, {});
  REQUIRE(read.size() == 2);
  CHECK(read[0].text == "a_read(x_t)");
  CHECK(read[0].excess == 3);
  CHECK(read[0].requested == 1);
  CHECK(read[1].text == "a_manage(x_t)");
  const Vectors needed = {{{"x_t", "a_t", "file"}, {"getattr", "open", "read"}}, {{"x_t", "a_t", "dir"}, {"search"}}};
  CHECK(all->matches("x_t", "a_t", "file", {"read"}, needed)[0].excess == 0);
  CHECK(all->matches("x_t", "b_t", "process", {"signal"}, {})[0].text == "a_send(x_t, b_t)");
  CHECK(all->matches("x_t", "a_t", "file", {"execute"}, {}).empty());
}

TEST_CASE("macros that never end, or are cut, end here") {
  Macros macros;
  macros.read("define(`loop',`loop(loop)')define(`cut',`a(b");
  macros.read("define(`grow',`grow($1 $1,$1 $1)')");
  for (const char* name : {"loop", "cut", "grow", "absent"}) {
    Macros::Met met;
    static_cast<void>(macros.call(name, {"xxxxxxxxxxxxxxxx"}, met));
    CHECK(met.unknown);
  }
}

TEST_CASE("refpolicy's own interfaces are read") {
  if (!std::filesystem::exists(Interfaces::default_directory()))
    return skip({ErrorCode::kEnvironment, "selinux-policy-dev is not installed", {}, {}});
  const auto all = Interfaces::load(Interfaces::default_directory(), shared_policy());
  REQUIRE(all.ok());
  CHECK(all->size() > 5000);
  CHECK(all->unreadable() < all->size() / 20);
  const auto calls = all->matches("x_t", "etc_t", "file", {"getattr", "open", "read"}, {});
  REQUIRE_FALSE(calls.empty());
  INFO(calls[0].text);
  CHECK(calls[0].name.starts_with("files_"));
}
