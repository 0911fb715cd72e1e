#include <random>
#include <set>

#include "apparmor/backend.h"
#include "apparmor/glob.h"
#include "apparmor/text.h"
#include "support.h"

namespace cordon::apparmor::test {
namespace {

/// Names that end a rule, open a block, comment out a line or mean something else where they are not escaped.
const std::vector<std::string> kHostile = {
    "/tmp/x r,\n  /** rwmlk,\n  /tmp/y",
    "/tmp/a b",
    "/tmp/tab\there",
    "/tmp/new\nline",
    "/tmp/\"quoted\"",
    "/tmp/back\\slash",
    "/tmp/star*",
    "/tmp/quest?ion",
    "/tmp/{a,b}",
    "/tmp/[abc]",
    "/tmp/[^abc]",
    "/tmp/@{HOME}",
    "/tmp/#hash",
    "/tmp/comma,",
    "/tmp/comma,inside",
    "/tmp/!bang",
    "/tmp/caret^",
    "/tmp/$dollar",
    "/tmp/(paren)",
    "/tmp/a|b",
    "/tmp/a+b",
    "/tmp/a.b",
    "/tmp/\xff\xfe",
    "/tmp/\xc3\xa9t\xc3\xa9",
    "/tmp/\xe2\x80\xae",
    "/tmp/\x01\x1f\x7f",
    "/tmp/'single'",
    "/tmp/`tick`",
    "/tmp/;semi",
    "/tmp/<x>",
    "/tmp/&amp",
    "/tmp/ ->",
    "/tmp/-> x",
    "/tmp/}",
    "/tmp/{",
    "/tmp/\\012",
    "/tmp/\\x41",
    "/tmp/~",
    "/tmp/%s%n",
    "/tmp/=",
    "/tmp/:",
    "/tmp/ ",
    "/tmp/trailing ",
    "/tmp/,",
    "/tmp/a\\",
    "/tmp/\\\"",
    "/tmp/]",
    "/tmp/-",
    "/tmp/\r",
    "/tmp/include <x>",
    "/tmp/0",
    "/tmp/\0011",
};

void check_exact(const std::vector<std::string>& names) {
  std::string rules;
  for (const std::string& name : names) rules += "  " + quote_name(name) + " r,\n";
  const auto decider = decider_for(in_profile(rules));
  const std::set<std::string> known(names.begin(), names.end());
  const CompiledProfile& profile = decider->profiles().front();
  for (const std::string& name : names) {
    INFO(quote_name(name));
    CHECK((ask_file(profile, name).other & kR) != 0);
    for (std::size_t i = 1; i <= name.size(); ++i) {
      std::string other = name;
      if (i < name.size())
        other[i] = other[i] == 'q' ? 'z' : 'q';
      else
        other += 'q';
      if (known.count(other) != 0) continue;
      CHECK(ask_file(profile, other).other == 0);
    }
  }
}

std::string random_name(std::mt19937& random) {
  std::string name = "/tmp/";
  const std::size_t length = 1 + random() % 12;
  constexpr std::string_view kSpecial = "*?{}[]^@\"\\#, \t\n-!$()|+.&'";
  for (std::size_t i = 0; i < length; ++i) {
    const auto kind = random() % 3;
    if (kind == 0)
      name += kSpecial[random() % kSpecial.size()];
    else if (kind == 1)
      name += static_cast<char>(1 + random() % 255);
    else
      name += static_cast<char>('a' + random() % 26);
    if (name.back() == '/') name.back() = '_';
  }
  return name;
}

}  // namespace

TEST_CASE("hostile names match only themselves") {
  if (!have_parser()) return;
  check_exact(kHostile);
}

TEST_CASE("random names match only themselves") {
  if (!have_parser()) return;
  std::mt19937 random(20261122);
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back(random_name(random));
  check_exact(names);
}

namespace {

/// One byte of the name is another one, or one more follows.
std::vector<std::string> beside(const std::string& name) {
  std::vector<std::string> others{name + "q"};
  for (std::size_t i = 1; i < name.size(); ++i) {
    others.push_back(name);
    others.back()[i] = name[i] == 'q' ? 'z' : 'q';
  }
  return others;
}

Operation exec_of(const std::string& path) {
  ExecOp op;
  op.path = path;
  return op;
}

Policy policy_of_names(const std::vector<std::string>& names) {
  Policy policy;
  policy.name = "test";
  policy.program = "/usr/bin/test";
  for (const std::string& name : names) {
    for (Operation operation : {file_fact(name, FilePerm::kRead).operation, exec_of(name + "!")}) {
      Grant grant;
      grant.subject.exe = policy.program;
      grant.operation = std::move(operation);
      policy.rules.push_back(Rule::observed(grant, {std::to_string(policy.rules.size())}));
    }
  }
  return policy;
}

}  // namespace

TEST_CASE("hostile names of a recording come out of the whole backend as rules for themselves alone") {
  if (!have_parser()) return;
  std::mt19937 random(20261129);
  std::vector<std::string> names = kHostile;
  for (int i = 0; i < 60; ++i) names.push_back(random_name(random));
  const Policy policy = policy_of_names(names);
  BackendOptions options;
  options.values = {{"generalise", "none"}, {"denies", "off"}, {"exec", "ix"}, {"compile-budget", "60"}};
  Diagnostics diagnostics;
  const auto emission = apparmor_backend().emit(policy, options, diagnostics);
  REQUIRE(emission.ok());
  const auto decider = decider_for(emission->files[0].bytes);
  std::set<std::string> known(names.begin(), names.end());
  for (const std::string& name : names) known.insert(name + "!");
  for (const Rule& rule : policy.rules)
    CHECK(decider->decide(fact_of(rule.grant().operation)).ruling == Ruling::kAllowed);
  for (const std::string& name : names)
    for (const std::string& other : beside(name)) {
      INFO(quote_name(name) << " and " << quote_name(other));
      CHECK((known.count(other) != 0 || ask_file(decider->profiles().front(), other).other == 0));
    }
}

TEST_CASE("every alphabet's class matches just its bytes, in both automata") {
  if (!have_parser()) return;
  for (const Alphabet alphabet : {Alphabet::kDigits, Alphabet::kHexLower, Alphabet::kHexUpper, Alphabet::kHex,
                                  Alphabet::kLowerDigits_, Alphabet::kAlnum, Alphabet::kWord, Alphabet::kComponent}) {
    const PathPattern pattern{{{"/x", std::nullopt, 1, 0}, {"", alphabet, 1, 2}, {"y", std::nullopt, 1, 0}}};
    const std::string text = pattern_glob(pattern);
    const auto decider = decider_for(in_profile("  " + quote_glob(text) + " r,"));
    const auto glob = Glob::parse(text);
    REQUIRE(glob);
    for (unsigned byte = 1; byte < 256; ++byte) {
      const std::string name = std::string("/x") + static_cast<char>(byte) + "y";
      INFO(text << " and byte " << byte);
      const bool compiled = ask_file(decider->profiles().front(), name).other != 0;
      CHECK(compiled == pattern.matches(name));
      CHECK(glob->matches(name) == pattern.matches(name));
    }
    CHECK(ask_file(decider->profiles().front(), "/xy").other == 0);
  }
}

TEST_CASE("a hostile name stays one rule in one line") {
  for (const std::string& name : kHostile) {
    const std::string text = quote_name(name);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(unescape_name(text[0] == '"' ? text.substr(1, text.size() - 2) : text) == name);
  }
}

TEST_CASE("a hostile profile name compiles to that name") {
  if (!have_parser()) return;
  for (const std::string name : {"a b", "q\"uote", "new\nline", "\xff", "hash#", "bang!", "(paren)", "t\tab"}) {
    INFO(quote_name(name));
    const auto decider = decider_for("abi <abi/3.0>,\nprofile " + quote_name(name) + " /usr/bin/x { /a r, }\n");
    CHECK(decider->profiles().front().name == name);
  }
}

}  // namespace cordon::apparmor::test
