#include "policy/generalise.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "policy/align.h"
#include "policy/path_classes.h"

namespace cordon {
namespace {

struct Seen {
  std::string path;
  FilePerms perms;
  std::vector<std::uint32_t> runs = {};
  FileKind kind = FileKind::kRegular;
};

Policy policy_of(const std::vector<Seen>& seen, std::size_t runs = 1) {
  Policy policy;
  policy.runs.resize(runs);
  for (const Seen& one : seen) {
    Grant grant;
    FileOp op;
    op.path = one.path;
    op.perms = one.perms;
    op.kind = one.kind;
    grant.operation = op;
    policy.rules.push_back(Rule::observed(grant, {one.path}));
    if (!one.runs.empty()) policy.seen_in[one.path] = one.runs;
  }
  std::sort(policy.rules.begin(), policy.rules.end());
  return policy;
}

/// The generalised rules' shapes; exact ones left out.
std::vector<PathPattern> shapes(const Policy& policy, Generalise how = Generalise::kSafe) {
  std::vector<PathPattern> out;
  for (const Rule& rule : generalise(policy, how).rules)
    if (rule.grant().pattern) out.push_back(*rule.grant().pattern);
  return out;
}

bool any_matches(const std::vector<PathPattern>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const PathPattern& p) { return p.matches(path); });
}

const FilePerms kMade = FilePerm::kCreate | FilePerm::kWrite;

}  // namespace

TEST_CASE("every class of the table fits its samples and not its counter-samples") {
  for (const PathClass& row : path_classes()) {
    for (const std::string& sample : row.samples) {
      INFO(row.name << ": " << sample);
      const auto shaped = lay_over(row, sample);
      REQUIRE(shaped);
      CHECK(PathPattern{shaped->parts}.matches(sample));
    }
    for (const std::string& other : row.not_samples) {
      INFO(row.name << " not: " << other);
      CHECK_FALSE(lay_over(row, other));
    }
  }
}

TEST_CASE("process ids vary, whoever made the name") {
  const auto patterns =
      shapes(policy_of({{"/proc/12441/stat", FilePerm::kRead}, {"/proc/self/maps", FilePerm::kRead}}));
  CHECK(any_matches(patterns, "/proc/1/stat"));
  CHECK_FALSE(any_matches(patterns, "/proc/1/maps"));
  CHECK_FALSE(any_matches(patterns, "/proc/self/stat"));
}

TEST_CASE("temporary names that the program made vary; names that it only read do not") {
  const auto made =
      shapes(policy_of({{"/tmp/sort0b5Wzd", kMade}, {"/tmp/tmpkh26poh9", kMade}, {"/tmp/fixed.txt", kMade}}));
  CHECK(any_matches(made, "/tmp/sortAAAAAA"));
  CHECK(any_matches(made, "/tmp/tmp________"));
  CHECK_FALSE(any_matches(made, "/tmp/sortAAAAAAA"));
  CHECK_FALSE(any_matches(made, "/tmp/sudoAAAAAA"));
  CHECK_FALSE(any_matches(made, "/tmp/fixed.txt"));
  CHECK(shapes(policy_of({{"/tmp/sort0b5Wzd", FilePerm::kRead}})).empty());
}

TEST_CASE("names that came by a link were made too") {
  const auto patterns = shapes(policy_of({{"/dev/shm/sem.mp-04w1sy7i", FilePerm::kLinkTo},
                                          {"/dev/shm/sem.mp-04w1sy7i", FilePerm::kUnlink},
                                          {"/dev/shm/sem.CTaok8", kMade}}));
  CHECK(any_matches(patterns, "/dev/shm/sem.mp-________"));
  CHECK(any_matches(patterns, "/dev/shm/sem.AAAAAA"));
}

TEST_CASE("what lies in a folder of the program's own is its own") {
  const auto patterns = shapes(policy_of({{"/tmp/go-build758302435", FilePerm::kCreate, {}, FileKind::kDirectory},
                                          {"/tmp/go-build758302435/b001", FilePerm::kCreate, {}, FileKind::kDirectory},
                                          {"/tmp/go-build758302435/b001/exe/a.out", kMade}}));
  CHECK(any_matches(patterns, "/tmp/go-build1234567890/b002/x"));
  CHECK_FALSE(any_matches(patterns, "/tmp/go-buildx/b002/x"));
  CHECK_FALSE(any_matches(patterns, "/tmp/other/b002/x"));
}

TEST_CASE("names that differ between runs alike are aligned") {
  const auto patterns = shapes(policy_of({{"/var/lib/x/job-17.state", kMade, {0}},
                                          {"/var/lib/x/job-23.state", kMade, {1}},
                                          {"/var/lib/x/config", FilePerm::kRead, {0, 1}},
                                          {"/var/lib/x/one", kMade, {0}},
                                          {"/var/lib/x/two", kMade, {1}}},
                                         2));
  CHECK(any_matches(patterns, "/var/lib/x/job-42.state"));
  CHECK_FALSE(any_matches(patterns, "/var/lib/x/job-.state"));
  CHECK_FALSE(any_matches(patterns, "/var/lib/x/config"));
  CHECK_FALSE(any_matches(patterns, "/var/lib/x/one"));
}

TEST_CASE("alike names of one run need three of them") {
  CHECK(shapes(policy_of({{"/srv/part1.bin", kMade}, {"/srv/part2.bin", kMade}})).empty());
  const auto patterns =
      shapes(policy_of({{"/srv/part1.bin", kMade}, {"/srv/part2.bin", kMade}, {"/srv/part3.bin", kMade}}));
  CHECK(any_matches(patterns, "/srv/part12.bin"));
  CHECK_FALSE(any_matches(patterns, "/srv/parts.bin"));
}

TEST_CASE("words do not align into wildcards") {
  CHECK_FALSE(align_names({"one", "two", "six"}));
  CHECK_FALSE(align_names({"alpha.txt", "gamma.txt"}));
  CHECK(align_names({"a-1.txt", "a-22.txt"}));
}

TEST_CASE("generalising loses nothing and is the same whatever the order") {
  const std::vector<Seen> seen = {{"/proc/1/stat", FilePerm::kRead},
                                  {"/proc/22/stat", FilePerm::kRead | FilePerm::kLock},
                                  {"/etc/passwd", FilePerm::kRead},
                                  {"/tmp/cc2wQQNX.s", kMade},
                                  {"/tmp/cc2wQQNX.s", FilePerm::kUnlink}};
  const Policy policy = policy_of(seen);
  Policy turned = policy;
  std::reverse(turned.rules.begin(), turned.rules.end());
  for (const Generalise how : {Generalise::kNone, Generalise::kSafe, Generalise::kBroad}) {
    const Policy out = generalise(policy, how);
    if (how != Generalise::kNone) CHECK(out.rules == generalise(turned, how).rules);
    for (const Seen& one : seen) {
      const bool kept = std::any_of(out.rules.begin(), out.rules.end(), [&](const Rule& rule) {
        const auto& op = std::get<FileOp>(rule.grant().operation);
        const bool named = rule.grant().pattern ? rule.grant().pattern->matches(one.path) : op.path == one.path;
        return named && (op.perms & one.perms) == one.perms;
      });
      INFO(one.path);
      CHECK(kept);
    }
  }
}

TEST_CASE("broad takes a folder with many made names whole") {
  const Policy policy = policy_of({{"/srv/alpha", kMade}, {"/srv/beta", kMade}, {"/srv/gamma", kMade}});
  CHECK(shapes(policy).empty());
  const auto patterns = shapes(policy, Generalise::kBroad);
  CHECK(any_matches(patterns, "/srv/delta"));
  CHECK_FALSE(any_matches(patterns, "/srv/delta/x"));
}

TEST_CASE("a rule says its support") {
  const Policy out =
      generalise(policy_of({{"/proc/1/stat", FilePerm::kRead}, {"/proc/2/stat", FilePerm::kRead}}), Generalise::kSafe);
  REQUIRE(out.rules.size() == 1);
  CHECK(out.rules[0].basis().kind == BasisKind::kGeneralised);
  CHECK(out.rules[0].basis().reason == "2 names: a process id");
  CHECK(out.rules[0].evidence().size() == 2);
}

TEST_CASE("patterns match by alphabet and length") {
  PathPattern pattern{{{"/a", std::nullopt, 1, 0}, {"", Alphabet::kDigits, 2, 3}, {"z", std::nullopt, 1, 0}}};
  CHECK(pattern.matches("/a12z"));
  CHECK(pattern.matches("/a123z"));
  CHECK_FALSE(pattern.matches("/a1z"));
  CHECK_FALSE(pattern.matches("/a1234z"));
  CHECK_FALSE(pattern.matches("/axxz"));
  CHECK(PathPattern::exact("/x").matches("/x"));
  CHECK_FALSE(PathPattern::exact("/x").matches("/xy"));
}

}  // namespace cordon
