#include "apparmor/base_update.h"
#include "apparmor/breadth.h"
#include "apparmor/diff.h"
#include "support.h"

namespace cordon::apparmor::test {
namespace {

std::vector<std::string> lines_of(const Diff& diff) {
  std::vector<std::string> out;
  for (const Difference& one : diff.differences)
    out.push_back(one.area + " " + one.example + " +" + one.added + " -" + one.removed);
  return out;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

Policy policy_of(std::vector<Operation> operations) {
  Policy policy;
  policy.name = "test";
  policy.program = "/usr/bin/test";
  for (Operation& operation : operations)
    policy.rules.push_back(Rule::observed({Subject{}, std::move(operation), std::nullopt}, {"id"}));
  return policy;
}

}  // namespace

TEST_CASE("profiles that say the same differently do not differ") {
  if (!have_parser()) return;
  const auto a = decider_for(in_profile("/a r,\n/a w,\n/{b,c} r,\nnetwork inet stream,"));
  const auto b = decider_for(in_profile("network inet stream,\n# words\n/c r,\n/b r,\n/a rw,"));
  CHECK(diff_profiles(*a, *b).equal());
}

TEST_CASE("every kind of difference shows an example") {
  if (!have_parser()) return;
  const auto a = decider_for(in_profile("/a r,\n/only/old r,\ncapability chown,\nsignal (send) set=(term) peer=x,"));
  const auto b =
      decider_for(in_profile("/a rw,\nowner /o r,\n/t/* r,\nnetwork inet dgram,\nsignal (send) set=(kill) peer=x,"));
  const auto lines = lines_of(diff_profiles(*a, *b));
  CHECK(has(lines, "file /a +w -"));
  CHECK(has(lines, "file /only/old + -r"));
  CHECK(has(lines, "owner's file /o +r -"));
  CHECK(has(lines, "file /t/a +r -"));
  CHECK(has(lines, "capability chown + -allowed"));
  CHECK(has(lines, "network inet dgram +allowed -"));
  CHECK(has(lines, "signal kill peer=x +send -"));
  CHECK(has(lines, "signal term peer=x + -send"));
}

TEST_CASE("differences beyond files read as words") {
  if (!have_parser()) return;
  const auto a = decider_for(in_profile("/run/x Cx,\nlink /l -> /old,\nset rlimit nofile <= 10,\nprofile /run/x { }"));
  const auto b = decider_for(in_profile(
      "/run/x ix,\nlink /l -> /new,\nset rlimit nofile <= 20,\nptrace (read) peer=p,\nmount fstype=tmpfs t -> /m/,\n"
      "dbus (send) bus=system path=/o,\nunix (connect) type=stream peer=(addr=@a),\nchange_profile -> q,\nprofile "
      "/run/x { }"));
  const auto lines = lines_of(diff_profiles(*a, *b));
  for (const std::string& line : lines) UNSCOPED_INFO(line);
  CHECK(has(lines, "exec transition /run/x +ix -Cx"));
  CHECK(has(lines, "link /l -> /new +allowed -"));
  CHECK(has(lines, "link /l -> /old + -allowed"));
  CHECK(has(lines, "rlimit nofile +20 -10"));
  CHECK(has(lines, "ptrace peer=p +read -"));
  CHECK(has(lines, "change_profile q +allowed -"));
  const auto starts = [&](const std::string& start) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.compare(0, start.size(), start) == 0; });
  };
  CHECK(starts("mount on /m/ from t fstype=tmpfs"));
  CHECK(starts("dbus bus=system"));
  CHECK(starts("unix stream"));
}

TEST_CASE("an example is really decided differently") {
  if (!have_parser()) return;
  const auto a = decider_for(in_profile("/usr/** r,\ndeny /usr/secret/** r,"));
  const auto b = decider_for(in_profile("/usr/** r,\ndeny /usr/{secret,hidden}/** r,"));
  const Diff diff = diff_profiles(*a, *b);
  REQUIRE_FALSE(diff.equal());
  for (const Difference& one : diff.differences) {
    const FileLetters was = ask_file(a->profiles()[0], one.example).other,
                      is = ask_file(b->profiles()[0], one.example).other;
    CHECK(was != is);
    CHECK(one.removed == "r");
  }
}

TEST_CASE("profiles without a partner are named") {
  if (!have_parser()) return;
  const auto a = decider_for("profile one /1 { /a r, }\nprofile two /2 { /a r, }\n");
  const auto b = decider_for("profile one /1 { /a r, }\nprofile three /3 { /a r, }\n");
  const Diff diff = diff_profiles(*a, *b);
  CHECK(diff.only_old == std::vector<std::string>{"two"});
  CHECK(diff.only_new == std::vector<std::string>{"three"});
}

TEST_CASE("breadth names what is open and was not used") {
  if (!have_parser()) return;
  auto decider = decider_for(in_profile("/etc/** r,\n/unused r,\n/etc/hosts r,\ncapability sys_admin,"));
  Trace trace;
  trace.facts = {file_fact("/etc/hosts", FilePerm::kRead)};
  const Breadth report = breadth(*decider, trace);
  const auto open = [&](const std::string& what) {
    return std::any_of(report.exposures.begin(), report.exposures.end(),
                       [&](const Exposure& e) { return e.what == what; });
  };
  CHECK(open("/etc/shadow r"));
  CHECK(open("capability sys_admin"));
  CHECK_FALSE(open("/etc/passwd w"));
  CHECK(report.unused_rules == std::vector<std::string>{"test.apparmor:4: /unused r"});
  trace.facts.push_back(file_fact("/etc/shadow", FilePerm::kRead));
  const Breadth used = breadth(*decider, trace);
  CHECK(std::none_of(used.exposures.begin(), used.exposures.end(),
                     [](const Exposure& e) { return e.what == "/etc/shadow r"; }));
}

TEST_CASE("a base keeps every byte and gets only what is missing") {
  if (!have_parser()) return;
  const std::string base =
      "# a comment\nabi <abi/3.0>,\n\n/usr/bin/test {\n    /etc/hosts r, # why\n    deny /etc/shadow r,\n\n    /z "
      "r,\n}\n";
  FileOp hosts, passwd, shadow;
  hosts.path = "/etc/hosts";
  passwd.path = "/etc/passwd";
  shadow.path = "/etc/shadow";
  hosts.perms = passwd.perms = shadow.perms = FilePerm::kRead;
  CapabilityOp capability;
  capability.name = "chown";
  Diagnostics diagnostics;
  const Policy policy = policy_of({hosts, passwd, shadow, capability});
  const auto update = update_profile(base, "base", policy, {}, diagnostics);
  REQUIRE(update.ok());
  CHECK(
      update->text ==
      "# a comment\nabi <abi/3.0>,\n\n/usr/bin/test {\n    /etc/hosts r, # why\n    deny /etc/shadow r,\n\n    /z r,\n"
      "    # Added from recordings:\n    /etc/passwd r,\n    capability chown,\n}\n");
  CHECK(update->refused == std::vector<std::string>{"base:6: deny /etc/shadow r"});
  CHECK(update->already == 1);
  const auto again = update_profile(update->text, "base", policy, {}, diagnostics);
  REQUIRE(again.ok());
  CHECK(again->text == update->text);
  CHECK(again->added.empty());
}

TEST_CASE("what ran under a hat or a child goes into its block") {
  if (!have_parser()) return;
  const std::string base =
      "abi <abi/3.0>,\nprofile test /usr/bin/test {\n  /etc/x r, # x\n  /bin/sh Cx,\n  /bin/w Px -> w,\n  ^php { # the "
      "hat\n    /srv/a r,\n  }\n"
      "  profile /bin/sh {\n    /bin/sh mr,\n    /bin/in ix,\n  }\n}\nprofile w { /w r, }\n";
  Policy policy = policy_of({});
  const auto add = [&](const std::string& domain, const std::string& exe, const std::string& path) {
    FileOp op;
    op.path = path;
    op.perms = FilePerm::kRead;
    Subject subject;
    subject.domain = domain;
    subject.exe = exe;
    policy.rules.push_back(Rule::observed({subject, op, std::nullopt}, {"id"}));
  };
  add("^php", "/usr/bin/test", "/srv/b");
  add("^new", "/usr/bin/test", "/srv/c");
  add("", "/usr/bin/test", "/main");
  add("", "/bin/sh", "/shell");
  add("", "/bin/in", "/inside");
  add("", "/bin/w", "/beside");
  Diagnostics diagnostics;
  const auto update = update_profile(base, "base", policy, {}, diagnostics);
  REQUIRE(update.ok());
  CHECK(update->text ==
        "abi <abi/3.0>,\nprofile test /usr/bin/test {\n  /etc/x r, # x\n  /bin/sh Cx,\n  /bin/w Px -> w,\n  ^php { # "
        "the hat\n    /srv/a r,\n"
        "    # Added from recordings:\n    /srv/b r,\n  }\n  profile /bin/sh {\n    /bin/sh mr,\n    /bin/in ix,\n    "
        "# Added from recordings:\n"
        "    /inside r,\n    /shell r,\n  }\n  # Added from recordings:\n  /main r,\n  ^new {\n    /srv/c r,\n  }\n}\n"
        "profile w { /w r, \n  # Added from recordings:\n  /beside r,\n}\n");
  const auto again = update_profile(update->text, "base", policy, {}, diagnostics);
  REQUIRE(again.ok());
  CHECK(again->text == update->text);
}

TEST_CASE("a log's accesses go into the base's blocks by their labels") {
  if (!have_parser()) return;
  Policy policy = policy_of({});
  Subject subject;
  subject.domain = "/usr/bin/test//h";
  FileOp op;
  op.path = "/hat";
  op.perms = FilePerm::kRead;
  policy.rules.push_back(Rule::observed({subject, op, std::nullopt}, {"id"}));
  Diagnostics diagnostics;
  const auto update =
      update_profile("/usr/bin/test {\n  /a r,\n  ^h {\n    /b r,\n  }\n}\n", "base", policy, {}, diagnostics);
  REQUIRE(update.ok());
  CHECK(update->text ==
        "/usr/bin/test {\n  /a r,\n  ^h {\n    /b r,\n    # Added from recordings:\n    /hat r,\n  }\n}\n");
}

TEST_CASE("a base without the profile, or that does not parse, is an error in words") {
  if (!have_parser()) return;
  Diagnostics diagnostics;
  const Policy policy = policy_of({});
  CHECK_FALSE(update_profile("profile a /a { /x r, }\nprofile b /b { /x r, }\n", "base", policy, {}, diagnostics).ok());
  CHECK_FALSE(update_profile("profile a { /x r }", "base", policy, {}, diagnostics).ok());
  CHECK_FALSE(update_profile("}", "base", policy, {}, diagnostics).ok());
}

}  // namespace cordon::apparmor::test
