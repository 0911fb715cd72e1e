#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "report/escape.h"
#include "report/gate.h"
#include "report/learned.h"
#include "report/page.h"
#include "report/triage_report.h"
#include "triage/engine.h"

using namespace cordon;
using namespace cordon::report;

namespace {

const std::string kEvil =
    "<script>alert(1)</script> \x1b[31m ]]> | `x` [a](http://e) @all #1 \xff \"q\" ' \\ \xe2\x80\xae";

triage::RuleSet rules() {
  Diagnostics diagnostics;
  return triage::load_rules(CORDON_SOURCE_DIR "/profiles/triage", diagnostics);
}

Fact evil_fact() {
  Fact fact;
  fact.subject.comm = kEvil;
  fact.subject.domain = "system_u:system_r:app_t:s0";
  AvOp av;
  av.source = "system_u:system_r:app_t:s0";
  av.target = "system_u:object_r:data_t:s0";
  av.klass = "file";
  av.perms = {"read"};
  av.path = "/srv/" + kEvil;
  fact.operation = av;
  fact.verdict = {Outcome::kDenied, "", Mechanism::kSelinux};
  fact.tally = {3, 0, 1'700'000'000'000, 1'700'000'100'000};
  fact.origin = {"audit.log", 12, "host 1700000000.000:7", 9};
  return fact;
}

triage::Triage evil_triage() {
  static const auto kRules = rules();
  triage::Engine engine(kRules, {});
  engine.add(evil_fact());
  return engine.finish({}, {}, 0);
}

bool has_control(const std::string& text) {
  for (const unsigned char c : text)
    if ((c < 0x20 && c != '\n') || c == 0x7f) return true;
  return text.find("\xe2\x80\xae") != std::string::npos || !is_utf8(text);
}

struct FixedDecider final : Decider {
  Decision decide(const Fact& fact) override {
    const auto* call = std::get_if<SyscallOp>(&fact.operation);
    if (call == nullptr) return {Ruling::kNotApplicable, "", ""};
    if (call->name == "mount") return {Ruling::kDenied, "app.json:7: rule", "no rule allows it"};
    return {Ruling::kAllowed, "app.json:3", ""};
  }
};

Trace trace_of(std::vector<std::string> calls, bool complete, int runs = 1) {
  Trace trace;
  for (auto& name : calls) {
    Fact fact;
    SyscallOp op;
    op.name = std::move(name);
    fact.operation = op;
    trace.facts.push_back(fact);
  }
  for (int i = 0; i < runs; ++i) {
    Run run;
    run.head.run = std::string(31, '0') + static_cast<char>('1' + i);
    run.head.started_ms = 1000 * (i + 1);
    for (std::size_t fact = 0; fact < trace.facts.size(); ++fact)
      if (fact <= static_cast<std::size_t>(i)) run.tallies[fact].count = 1;
    if (complete) run.end = End{true, 0, 0, {}, false, 0, {}};
    trace.runs.push_back(run);
  }
  return trace;
}

}  // namespace

TEST_CASE("no form lets a hostile name through") {
  const auto triage = evil_triage();
  REQUIRE(triage.findings.size() == 1);
  const std::string forms[] = {triage_text(triage, {}),
                               triage_explanation(triage.findings[0], {}),
                               triage_json(triage),
                               triage_sarif(triage, "0"),
                               triage_junit(triage),
                               triage_markdown(triage),
                               triage_prometheus(triage),
                               triage_html(triage, kEvil),
                               triage_line(triage.findings[0], {})};
  for (const auto& form : forms) {
    INFO(form.substr(0, 200));
    CHECK_FALSE(has_control(form));
  }
  CHECK(triage_html(triage, kEvil).find("<script>alert") == std::string::npos);
  CHECK(triage_junit(triage).find("<script>") == std::string::npos);
  CHECK(triage_markdown(triage).find("<script>") == std::string::npos);
  CHECK(triage_markdown(triage).find("](http") == std::string::npos);
  CHECK_FALSE(nlohmann::json::parse(triage_json(triage), nullptr, false).is_discarded());
  CHECK_FALSE(nlohmann::json::parse(triage_sarif(triage, "0"), nullptr, false).is_discarded());
}

TEST_CASE("escapes") {
  CHECK(xml("<a b=\"c\">&'") == "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
  CHECK(markdown_code("a`b") == "``a`b``");
  CHECK(markdown_code("`") == "`` ` ``");
  CHECK(prometheus_label("a\"\\") == "\"a\\\"\\\\\"");
  CHECK(uri("/a b%") == "/a%20b%25");
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(cut("äöü", 2) == "ä…");
  CHECK(cut("abc", 3) == "abc");
  CHECK(columns("äöü") == 3);
  CHECK(columns("漢字") == 4);
  CHECK(cut("漢字漢", 5) == "漢字…");
  CHECK(cut("漢字漢", 4) == "漢…");
  CHECK(columns(cut("漢字漢字", 6)) <= 6);
}

TEST_CASE("the text fits the width") {
  const auto triage = evil_triage();
  for (const std::size_t width : {60u, 80u, 120u}) {
    TextOptions options;
    options.width = width;
    std::string line;
    for (const char c : triage_text(triage, options)) {
      if (c != '\n') {
        line += c;
        continue;
      }
      INFO(line);
      CHECK((columns(line) <= width || line.find("--") != std::string::npos));
      line.clear();
    }
  }
}

TEST_CASE("a gate is read as TOML and as JSON") {
  const auto toml = read_gate(
      "profiles = [\"app.json\"]\nunused_runs = 3\nmarkdown = \"gate.md\"\n\n[[allow]]\nguard = \"mount\"\nreason = "
      "\"it mounts\"\n",
      "ci/cordon.toml");
  REQUIRE(toml.ok());
  CHECK(toml->profiles == std::vector<std::string>{"ci/app.json"});
  CHECK(toml->unused_runs == 3);
  CHECK(toml->markdown == "ci/gate.md");
  CHECK(toml->allowances.at(0).guard == "mount");
  CHECK(toml->guards == default_guards());
  const auto letters =
      read_gate("# \u00e4\nprofiles = ['\u00e4.json', \"u0_c3.json\"]\nmarkdown = \"\\u00e4.md\"\n", "g.toml");
  REQUIRE(letters.ok());
  CHECK(letters->profiles == std::vector<std::string>{"\u00e4.json", "u0_c3.json"});
  CHECK(letters->markdown == "\u00e4.md");
  const auto json = read_gate(R"({"profiles": "app.json", "guards": [], "allow_incomplete": true})", "cordon.json");
  REQUIRE(json.ok());
  CHECK(json->guards.empty());
  CHECK(json->allow_incomplete);
  const char* const wrong[] = {"",
                               "profiles = 3",
                               "profiles = [\"a\"]\nbogus = 1",
                               "profiles = [\"a\"]\n[[allow]]\nguard = \"x\"",
                               "not toml at all [",
                               "{",
                               "[[[allow]]]",
                               "[=]",
                               "profiles = +\"a\u00e4\"",
                               "profiles = \"\xe4\"",
                               "{\"profiles\": [1]}",
                               "profiles = [\"a\"]\nunused_runs = -1"};
  for (const auto* text : wrong) {
    INFO(text);
    CHECK_FALSE(read_gate(text, "g.toml").ok());
  }
}

TEST_CASE("a gate tells what is more, what is unused, what is guarded and what is incomplete") {
  FixedDecider decider;
  GateConfig config;
  config.profiles = {"app.json"};
  config.unused_runs = 2;
  config.guards = {"syscall bpf"};
  const std::string committed =
      "{\n \"syscalls\": [{\n  \"names\": [\n   \"read\",\n   \"uname\"\n  ], \"action\": \"SCMP_ACT_ALLOW\" }] }\n";
  const std::string fresh =
      "{\n \"syscalls\": [{\n  \"names\": [\n   \"read\"\n  ], \"action\": \"SCMP_ACT_ALLOW\" }] }\n";
  const std::vector<GateProfile> profiles = {{"seccomp", "app.json", committed, fresh, &decider}};
  auto result = run_gate(config, profiles, trace_of({"read"}, true, 2));
  REQUIRE(result.issues.size() == 1);
  CHECK(result.issues[0].kind == GateIssueKind::kUnused);
  CHECK(result.issues[0].what == "uname");
  CHECK(result.issues[0].line == 5);
  result = run_gate(config, profiles, trace_of({"bpf", "mount", "read"}, true, 1));
  REQUIRE(result.issues.size() == 2);
  CHECK(result.issues[0].kind == GateIssueKind::kNeedsMore);
  CHECK(result.issues[0].file == "app.json");
  CHECK(result.issues[0].line == 7);
  CHECK(result.issues[1].kind == GateIssueKind::kGuarded);
  CHECK(result.notes.size() == 1);
  const std::string by_hand =
      "{\n \"syscalls\": [{\"action\": \"SCMP_ACT_ALLOW\",\n \"names\": [\"bpf\"]}, {\"names\": [\"bpf\"], \"action\": "
      "\"SCMP_ACT_ERRNO\"}] }\n";
  result = run_gate(config, {{"seccomp", "hand.json", by_hand, "", &decider}}, trace_of({"read"}, true, 1));
  REQUIRE(result.issues.size() == 1);
  CHECK(result.issues[0].kind == GateIssueKind::kGuarded);
  CHECK(result.issues[0].line == 3);
  result = run_gate(config, {{"selinux", "app.cil", "(allow a_t self (capability (chown sys_admin)))\n", "", &decider}},
                    trace_of({"read"}, true, 1));
  CHECK(result.passed());
  config.guards.push_back("capability sys_admin");
  result = run_gate(config, {{"selinux", "app.cil", "(allow a_t self (capability (chown sys_admin)))\n", "", &decider}},
                    trace_of({"read"}, true, 1));
  CHECK(result.issues.size() == 1);
  config.guards.pop_back();
  config.allowances = {{"syscall bpf", "it traces"}};
  result = run_gate(config, profiles, trace_of({"bpf"}, false, 1));
  REQUIRE(result.issues.size() == 1);
  CHECK(result.issues[0].kind == GateIssueKind::kIncomplete);
  CHECK(gate_markdown(result).find("incomplete") != std::string::npos);
  CHECK_FALSE(nlohmann::json::parse(gate_sarif(result), nullptr, false).is_discarded());
  config.allow_incomplete = true;
  CHECK(run_gate(config, profiles, trace_of({"bpf"}, false, 1)).passed());
}

TEST_CASE("new facts per run follow the order of the runs' start") {
  const auto steps = new_facts_per_run(trace_of({"a", "b", "c"}, true, 3));
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].new_facts == 1);
  CHECK(steps[2].new_facts == 1);
  CHECK(steps[2].total == 3);
}

TEST_CASE("a learned report of 10,000 rows stays under a megabyte and cannot break out") {
  Trace trace = trace_of({"read"}, true, 1);
  for (int i = 0; i < 10000; ++i) {
    Fact fact;
    FileOp op;
    op.path = "/srv/application/module" + std::to_string(i % 100) + "/component" + std::to_string(i) + ".data";
    op.perms = FilePerm::kRead;
    fact.operation = op;
    trace.facts.push_back(fact);
  }
  trace.facts.push_back(evil_fact());
  LearnedReport report;
  report.title = kEvil;
  report.trace = &trace;
  LearnedTarget target;
  target.backend = "seccomp";
  target.decisions.resize(trace.facts.size());
  target.decisions[0] = {Ruling::kDenied, kEvil, kEvil};
  report.targets = {target};
  const auto page = render_html(report);
  CHECK(page.size() < 1'000'000);
  CHECK(page.find("<script>alert") == std::string::npos);
  for (const auto& form : {page, render_json(report), render_markdown(report), render_sarif(report)})
    CHECK_FALSE(has_control(form));
  CHECK(nlohmann::json::parse(render_json(report))["rules"].size() == trace.facts.size());
  CHECK(render_json(report) == render_json(report));
}
