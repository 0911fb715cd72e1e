#include <catch2/catch.hpp>

#include "seccomp/data.h"

using namespace cordon;
using namespace cordon::seccomp;

namespace {

/// What is wrong with the table; empty if it is read.
std::string wrong(std::string_view path, std::string_view text, Data& data) {
  const auto read = read_table(path, text, "there", data);
  return read ? std::string() : read.error().what + " at " + read.error().where;
}
std::string wrong(std::string_view path, std::string_view text) {
  Data data;
  return wrong(path, text, data);
}

}  // namespace

TEST_CASE("a pack is read with its arguments and who needs it") {
  Data data;
  REQUIRE(wrong("packs/x.json", R"({"pack":"x","kind":"libc","what":"w","source":"s","told_by":{"maps":["*/x.so"]},
    "rows":[{"names":["mmap"],"args":[{"index":2,"value":0,"mask":4},{"index":2,"values":[1,2]}],"when":"new_privs",
             "reason":"r","source":"s"}]})",
                data)
              .empty());
  const Pack& pack = data.packs.at("x");
  CHECK(pack.told_by_maps == std::vector<std::string>{"*/x.so"});
  REQUIRE(pack.rows.size() == 1);
  CHECK(pack.rows[0].new_privs_only);
  REQUIRE(pack.rows[0].arg);
  CHECK(pack.rows[0].arg->index == 2);
  CHECK(pack.rows[0].arg->mask == 4);
  CHECK(pack.rows[0].arg->values == std::vector<std::uint64_t>{0, 1, 2});
}

TEST_CASE("a table that lacks something is refused with the row") {
  CHECK(wrong("twins.json", R"({"rows":[{"seen":["a"],"reason":"r"},{"seen":["b"]}]})") == "no reason at there row 2");
  CHECK(wrong("twins.json", R"({"lines":[]})") == "no rows at there row 0");
  CHECK(wrong("timing.json", R"({"rows":[5]})") == "a row that is no object at there row 1");
  CHECK(wrong("errno.json", R"({"rows":[{"names":["a"],"errno":"EWHAT","reason":"r"}]})") ==
        "an unknown errno at there row 1");
  CHECK(wrong("fallbacks.json", R"({"rows":[{"caller":"c","reason":"r"}]})") == "no flags at there row 1");
  CHECK(wrong("arguments.json", R"({"rows":[{"argument":"x","level":"loose","reason":"r"}]})") ==
        "an unknown level at there row 1");
  CHECK(wrong("cves.json", R"({"rows":[{"cve":"C","what":"w","needs":[],"source":"s"}]})") ==
        "no needs at there row 1");
  CHECK(wrong("references/x.json", R"({"reference":"X"})") == "no profile at there");
}

TEST_CASE("values of another type or beyond what the kernel has are refused") {
  CHECK(wrong("cves.json",
              R"({"rows":[{"cve":"C","what":"w","needs":[{"calls":["socket"],"args":[{"index":6,"value":1}]}],
                               "source":"s"}]})") == "an argument index over 5 at there row 1");
  CHECK_FALSE(wrong("risk.json", R"({"rows":[{"group":"g","severity":"s","calls":["a"],"unless_filtered":"yes",
                                  "reason":"r"}]})")
                  .empty());
  CHECK_FALSE(wrong("twins.json", R"({"rows":[{"seen":["a"],"args":[{"values":["x"]}],"reason":"r"}]})").empty());
  CHECK_FALSE(wrong("twins.json", "{\"rows\":[").empty());
  CHECK_FALSE(wrong("references/x.json", R"({"profile":{"defaultAction":"SCMP_ACT_WHAT"}})").empty());
}

TEST_CASE("every table that is compiled in is read, and no other folder's is needed") {
  const auto data = load_data("");
  REQUIRE(data);
  CHECK((*data)->packs.count("glibc") == 1);
  CHECK((*data)->references.size() == 2);
  CHECK_FALSE((*data)->cves.empty());
  const auto elsewhere = load_data("/no/such/folder");
  REQUIRE(elsewhere);
  CHECK((*elsewhere)->packs.size() == (*data)->packs.size());
}
