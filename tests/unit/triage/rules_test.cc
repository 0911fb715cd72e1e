#include <catch2/catch.hpp>
#include <set>

#include "records.h"
#include "triage/engine.h"
#include "triage/match.h"
#include "triage/rule.h"

using namespace cordon;
using namespace cordon::triage;

namespace {

RuleSet all_rules() {
  Diagnostics diagnostics;
  auto rules = load_rules(CORDON_SOURCE_DIR "/profiles/triage", diagnostics);
  for (const auto& d : diagnostics.all()) UNSCOPED_INFO(d.where << ": " << d.what);
  CHECK(diagnostics.all().empty());
  CHECK(rules.refused == 0);
  return rules;
}

bool any_matches(const CauseRule& rule, const std::string& record) {
  for (const auto& denial : denials_of(record))
    for (const auto& fact : denial.facts)
      if (denial.is_denial() && matches(rule.when, view_of(fact, denial.details))) return true;
  return false;
}

/// A rule that is right but for its fix, whose other members are given.
std::string with_fix(const std::string& members) {
  return R"({"id":"b","title":"t","summary":"s","reason":"r","source":"x","severity":"noise","group_by":"class",)"
         R"("match":{"class":"file"},"examples":{"match":["a"],"other":["b"]},"fixes":[{"title":"t",)" +
         members + "}]}";
}

}  // namespace

TEST_CASE("every rule matches its own records and not the others") {
  const auto rules = all_rules();
  REQUIRE(rules.rules.size() > 100);
  for (const auto& rule : rules.rules) {
    for (const auto& record : rule.matching) {
      INFO(rule.id << " must match\n" << record);
      CHECK(any_matches(rule, record));
    }
    for (const auto& record : rule.other) {
      INFO(rule.id << " must not match\n" << record);
      CHECK_FALSE(denials_of(record).empty());
      CHECK_FALSE(any_matches(rule, record));
    }
  }
}

TEST_CASE("each rule is the best one for at least one of its records") {
  const auto rules = all_rules();
  for (const auto& rule : rules.rules) {
    bool best = false;
    for (const auto& record : rule.matching)
      for (const auto& denial : denials_of(record))
        for (const auto& fact : denial.facts) {
          const auto& chosen = best_rule(rules, view_of(fact, denial.details));
          best = best || chosen.id == rule.id;
          if (!best) UNSCOPED_INFO(rule.id << " loses to " << chosen.id);
        }
    CHECK(best);
  }
}

TEST_CASE("a denial of each mechanism has a finding with fixes") {
  const auto rules = all_rules();
  for (const auto& rule : rules.rules) {
    INFO(rule.id);
    Engine engine(rules, {});
    std::uint64_t count = 0;
    for (const auto& record : rule.matching)
      for (const auto& denial : denials_of(record)) {
        engine.add(denial);
        count += denial.is_denial() ? denial.tally.count : 0;
      }
    const auto triage = engine.finish({}, {}, 0);
    CHECK(triage.denials == count);
    std::uint64_t in_findings = 0;
    for (const auto& finding : triage.findings) {
      in_findings += finding.count;
      CHECK_FALSE(finding.summary.empty());
      CHECK_FALSE(finding.fixes.empty());
      CHECK(finding.summary.find("(unknown)") == std::string::npos);
      INFO(finding.summary);
    }
    CHECK(in_findings == count);
  }
}

TEST_CASE("every fix says what to run, and how to take it back or why there is nothing to") {
  const auto rules = all_rules();
  std::set<std::string> kinds;
  for (const auto& rule : rules.rules) {
    Engine engine(rules, {});
    for (const auto& record : rule.matching)
      for (const auto& denial : denials_of(record)) engine.add(denial);
    for (const auto& finding : engine.finish({}, {}, 0).findings)
      for (const auto& fix : finding.fixes) {
        INFO(rule.id << ": " << fix.rule << ": " << fix.title);
        CHECK_FALSE(fix.commands.empty());
        CHECK(fix.undo.empty() != fix.no_undo.empty());
        CHECK(fix.reversal == Reversal::kExact);
        kinds.emplace(to_text(fix.kind));
      }
  }
  CHECK(kinds.size() == 9);  // all but port, whose type only a policy can tell
  CHECK_FALSE(unexplained_rule().fixes.front().commands.empty());
  CHECK_FALSE(unexplained_rule().fixes.front().no_undo.empty());
}

TEST_CASE("a rule with an error names file, pointer and reason; the rest load") {
  const std::string good =
      R"({"id":"a","title":"t","summary":"s","reason":"r","source":"x","severity":"noise","match":{"class":"file"},)"
      R"("group_by":"class","fixes":[{"kind":"module","title":"t","commands":["c"],"undo":["u"]}],"examples":{"match":["a"],"other":["b"]}})";
  struct Case {
    std::string rule, pointer;
  };
  const std::vector<Case> cases = {
      {R"({"id":"b"})", "#/rules/1"},
      {R"([])", "#/rules/1"},
      {R"({"id":"b","title":"t","summary":"s","reason":"r","source":"x","severity":"bad"})", "#/rules/1/severity"},
      {R"({"id":"b","title":"t","summary":"s","reason":"r","source":"x","severity":"noise","group_by":"class","match":{"klass":"file"}})",
       "#/rules/1/match/klass"},
      {R"({"id":"b","title":"t","summary":"{nobody}","reason":"r","source":"x","severity":"noise","group_by":"class","match":{"class":"file"},"fixes":[{"kind":"module","title":"t","commands":["c"],"undo":["u"]}],"examples":{"match":["a"],"other":["b"]}})",
       "#/rules/1/summary"},
      {R"({"id":"b","title":"t","summary":"s","reason":"r","source":"x","severity":"noise","group_by":"class","match":{"class":"file"},"fixes":[{"kind":"magic","title":"t"}]})",
       "#/rules/1/fixes/0/kind"},
      {with_fix(R"("kind":"run")"), "#/rules/1/fixes/0"},
      {with_fix(R"("kind":"run","commands":["c"])"), "#/rules/1/fixes/0"},
      {with_fix(R"("kind":"run","commands":["c"],"undo":["u"],"no_undo":"r")"), "#/rules/1/fixes/0"},
      {with_fix(R"("kind":"investigate","commands":["c"],"undo":["u"])"), "#/rules/1/fixes/0/undo"},
  };
  for (const auto& one : cases) {
    INFO(one.rule);
    RuleSet set;
    Diagnostics diagnostics;
    read_rules("{\"rules\":[" + good + "," + one.rule + "]}", "f.json", set, diagnostics);
    CHECK(set.rules.size() == 1);
    CHECK(set.refused == 1);
    REQUIRE(diagnostics.all().size() == 1);
    CHECK(diagnostics.all()[0].where == "f.json" + one.pointer);
  }
}

TEST_CASE("globs") {
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("a*c", "abbc"));
  CHECK(glob_matches("a?c", "abc"));
  CHECK_FALSE(glob_matches("a?c", "ac"));
  CHECK(glob_matches("*_t", "httpd_t"));
  CHECK_FALSE(glob_matches("*_t", "httpd_tx"));
  CHECK(glob_matches("/a/*/c/*", "/a/b/c/d/e"));
  CHECK_FALSE(glob_matches(std::string(40, '*') + "b", std::string(4000, 'a')));
}

TEST_CASE("MCS levels") {
  CHECK(level_dominates("s0:c1,c2", "s0:c1"));
  CHECK(level_dominates("s0:c1,c2", "s0"));
  CHECK(level_dominates("s0-s0:c0.c1023", "s0:c3,c999"));
  CHECK_FALSE(level_dominates("s0:c1,c2", "s0:c1,c3"));
  CHECK_FALSE(level_dominates("s0", "s0:c1"));
  CHECK_FALSE(level_dominates("nonsense", "s0:c1"));
}
