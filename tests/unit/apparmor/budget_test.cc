#include "apparmor/budget.h"

#include "apparmor/emit.h"
#include "support.h"

namespace cordon::apparmor::test {
namespace {

ProfileRule reads(std::string name) {
  ProfileRule rule;
  rule.pattern = std::move(name);
  rule.letters = kR;
  return rule;
}

std::vector<ProfileRule> many(const std::string& folder, std::size_t count) {
  std::vector<ProfileRule> rules;
  for (std::size_t i = 0; i < count; ++i)
    rules.push_back(reads(folder + "name-" + std::to_string(i * 7919 % 100003) + ".data"));
  return rules;
}

std::vector<ProfileRule> joined(std::vector<ProfileRule> a, const std::vector<ProfileRule>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("few names stay as they are") {
  const auto rules = many("/usr/share/x/", 100);
  const BudgetPlan plan = plan_budget(rules, 5);
  CHECK(plan.coarsened.empty());
  CHECK(plan.kept.size() == 100);
}

TEST_CASE("the least risky folder gives way first") {
  auto rules = joined(many("/usr/share/x/", 8000), many("/etc/y/", 500));
  const BudgetPlan plan = plan_budget(rules, 2);
  REQUIRE(plan.coarsened.size() == 1);
  CHECK(to_text(plan.coarsened[0].rule) == "/usr/share/x/* r,");
  CHECK(plan.coarsened[0].names == 8000);
  CHECK(plan.kept.size() == 500);
  CHECK(plan.after.seconds <= 2);
}

TEST_CASE("what is executed or denied is never coarsened") {
  auto rules = many("/usr/share/x/", 8000);
  for (ProfileRule& rule : rules) rule.exec = "ix";
  CHECK(plan_budget(rules, 1).coarsened.empty());
}

TEST_CASE("the forecast of states is exact for names") {
  if (!have_parser()) return;
  std::string text;
  const auto rules = joined(many("/usr/share/x/", 300), many("/etc/y/", 40));
  for (const ProfileRule& rule : rules) text += to_text(rule) + "\n";
  const auto decider = decider_for(in_profile(text));
  const std::size_t states = decider->profiles()[0].file->states();
  // The dead state is one more; the parser adds a few for what every profile holds.
  CHECK(forecast(rules).states <= states);
  CHECK(forecast(rules).states + 8 >= states);
}

TEST_CASE("ten thousand names become a profile that compiles and allows them all") {
  Policy policy;
  policy.name = "big";
  policy.program = "/usr/bin/big";
  for (std::size_t i = 0; i < 10000; ++i) {
    FileOp op;
    op.path = "/usr/share/d" + std::to_string(i % 97) + "/f" + std::to_string(i * 7919 % 1000003) + ".txt";
    op.perms = FilePerm::kRead;
    op.kind = FileKind::kRegular;
    policy.rules.push_back(Rule::observed({Subject{}, op, std::nullopt}, {"id" + std::to_string(i)}));
  }
  Diagnostics diagnostics;
  const auto emission = emit_profile(policy, {}, diagnostics);
  REQUIRE(emission.ok());
  if (!have_parser()) return;
  const auto decider = decider_for(emission->files[0].bytes);
  for (const Rule& rule : policy.rules) {
    const auto decision = decider->decide(fact_of(rule.grant().operation));
    if (decision.ruling != Ruling::kAllowed) FAIL(std::get<FileOp>(rule.grant().operation).path);
  }
}

}  // namespace cordon::apparmor::test
