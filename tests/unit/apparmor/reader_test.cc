#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "apparmor/rule_reader.h"
#include "apparmor/source.h"
#include "apparmor/syntax.h"
#include "base/fd.h"
#include "base/text.h"
#include "support.h"

namespace cordon::apparmor::test {
namespace {

std::string again(const std::string& text) {
  const auto rule = read_rule(rule_words(text));
  return rule ? to_text(*rule) : "error: " + rule.error().what;
}

Result<std::vector<SourceProfile>> read(const std::string& text) {
  Diagnostics diagnostics;
  SourceOptions options;
  options.include_dirs.clear();
  return read_source(text, "test", options, diagnostics);
}

/// "PASS" or "FAIL", as a test file of apparmor_parser's own suite expects of the parser; "" where it says nothing
/// plain.
std::string expected_result(std::string_view text) {
  constexpr std::string_view kMark = "EXRESULT ";
  const std::size_t at = text.find(kMark);
  if (at == std::string_view::npos || text.find(std::string("=TO") + "DO") != std::string_view::npos) return {};
  return std::string(text.substr(at + kMark.size(), 4));
}

}  // namespace

TEST_CASE("rules read as they are written") {
  for (const char* text :
       {"/a r,", "owner /a rw,", "audit deny /a{b,c}/** w,", "\"/a b\" mr,", "/a Px -> b,", "link /a -> /b,",
        "capability chown,", "network inet stream,", "signal (receive, send) set=(kill, term) peer=x,",
        "ptrace (read) peer=x,", "change_profile -> x,", "set rlimit nofile <= 1024,",
        "unix (connect) type=stream peer=(addr=@x, label=y),", "mount fstype=ext4 options=(ro) /a -> /b,", "umount /b,",
        "pivot_root oldroot=/a/ /b/,", "dbus (send) bus=system path=/x peer=(label=y),", "file,"}) {
    std::string bare(text);
    bare.pop_back();
    CHECK(again(bare) == text);
  }
}

TEST_CASE("the other spellings of a rule") {
  CHECK(again("rw /a") == "/a rw,");
  CHECK(again("file /a r") == "/a r,");
  CHECK(again("allow /a r") == "/a r,");
  CHECK(again("signal send set=term") == "signal (send) set=(term),");
  CHECK(again("owner file r /a") == "owner /a r,");
}

TEST_CASE("what is no rule is refused") {
  for (const char* text : {"deny audit /a r",
                           "owner capability chown",
                           "signal set=none",
                           "signal tell",
                           "unix (bind) peer=(addr=@x)",
                           "network inet stream ip=1.2.3",
                           "network netlink ip=1.2.3.4",
                           "mount options=(ro, rw) /a -> /b",
                           "mount options=(private) /a -> /b",
                           "unix type=stream type=dgram",
                           "change_profile safe -> x",
                           "priority=2000 /a r",
                           "deny /a Px",
                           "/a x",
                           "/a",
                           "/a rq",
                           "/a wa",
                           "/a ixpx",
                           "capability nothing",
                           "network a b c d",
                           "set rlimit x <= 1",
                           "ptrace read trace",
                           "signal send peer=a peer=b",
                           "network inet nothing",
                           "network tcp dgram",
                           "network inet raw tcp",
                           "network ip=10.0.0.2-10.0.0.1",
                           "network packet peer=(port=1)",
                           "mqueue type=sysv /q",
                           "mqueue type=posix 12",
                           "mqueue q",
                           "dbus bind bus=session member=m",
                           "dbus eavesdrop path=/p",
                           "dbus bind name=a]b",
                           "unix bind addr=plain",
                           "/{a} r",
                           "/a[] r",
                           "lpx /a -> /b",
                           "mount options=(remount) /a -> /b",
                           "mount fstype in a,b /a -> /b",
                           "set rlimit rttime <= 60m",
                           "nonsense",
                           "/a r extra",
                           "link /a",
                           "/a r ->"})
    CHECK(again(text).substr(0, 6) == "error:");
}

TEST_CASE("blocks, comments, conditionals and qualifiers") {
  const auto profiles = read(
      "$z = true # c\nprofile a /x { # d\n /a r, # e\n audit { /b r, }\n if $z { /c r, } else { /d r, }\n ^h { /e r, "
      "}\n}\n");
  REQUIRE(profiles.ok());
  REQUIRE(profiles->size() == 2);
  CHECK((*profiles)[0].name == "a//h");
  const SourceProfile& a = (*profiles)[1];
  CHECK(a.attachment == "/x");
  REQUIRE(a.rules.size() == 3);  // the branch that does not hold is none
  CHECK(a.rules[1].rule.audit);
  CHECK(a.rules[1].line == 4);
  CHECK(a.rules[2].rule.pattern == "/c");
}

TEST_CASE("text that is cut off or unbalanced is an error with its line") {
  for (const char* text : {"profile a {", "profile a { /x r }", "}", "profile { }", "/x r,"}) {
    const auto profiles = read(text);
    CHECK_FALSE(profiles.ok());
    if (!profiles) CHECK(profiles.error().where.substr(0, 5) == "test:");
  }
}

TEST_CASE("files that apparmor_parser refuses for more than a rule are refused") {
  for (const char* text : {"/a^h { }",
                           "profile p flags=() { }",
                           "profile p flogs=(audit) { }",
                           "profile p flags=(error=13) { }",
                           "profile p flags=(attach_disconnected.path=x) { }",
                           ":n {}",
                           "profile p { else { } }",
                           "profile p { if x { } }",
                           "profile p { if $unset { } }",
                           "$b = perhaps",
                           "@{v} = a,",
                           "@{v} = \"a",
                           "@{v}=@{v}\nprofile p { /@{v} r, }",
                           "profile p { /@{unset} r, }",
                           "@{n}=x\n@{n} { }",
                           "profile p { /q { } }",
                           "profile p { alias /a -> /b, }",
                           "$b = true\nprofile p { ^h { } if $b { ^h { } } }",
                           "profile p + { }",
                           "profile p { @{exec_path} r, }",
                           "profile p { change_profile /a -> b, change_profile unsafe /a -> b, }",
                           "profile p { /a Px, unsafe Px /a, }"})
    CHECK_FALSE(read(text).ok());
  for (const char* text :
       {"$b = false\nprofile p { ^h { } if $b { ^h { } } }", "profile p + identities=(a, b) { }",
        "profile p { if true { } else { } }", "@{n}=/x\n@{n} { }", "profile p { /q cx, profile /q { } }",
        "profile p { unsafe Px /a, /a px, }", "abi<abi/3.0>, profile p { }"})
    CHECK(read(text).ok());
}

TEST_CASE("variables are set, added to and expanded") {
  const auto profiles = read("@{R} = /a \"/b c\"\n@{R} += /d\nprofile p { @{R}/x r, }\n");
  REQUIRE(profiles.ok());
  const RuleIndex index((*profiles)[0]);
  CHECK(index.file_rule("/b c/x", kR, false) != nullptr);
  CHECK(index.file_rule("/d/x", kR, false) != nullptr);
  CHECK(index.file_rule("/e/x", kR, false) == nullptr);
}

TEST_CASE("Debian's own profiles are read") {
  const std::string folder = "/etc/apparmor.d";
  std::error_code none;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    if (!entry.is_regular_file()) continue;
    const auto text = read_file(entry.path().string());
    if (!text) continue;
    Diagnostics diagnostics;
    const auto profiles = read_source(*text, entry.path().string(), {}, diagnostics);
    INFO((profiles ? std::string() : to_text(profiles.error())));
    CHECK(profiles.ok());
    ++files;
  }
  if (files == 0) WARN("no profiles in " << folder << ": skipped");
}

namespace {

/// Where we and apparmor_parser's suite differ, and why.
struct Difference {
  std::string_view file;
  std::string_view reason;
};
constexpr auto kDifferences = std::to_array<Difference>({
    {"abi/bad_10.sd",
     "well formed; it names a features file that is not there, as a profile for a newer AppArmor does on an older "
     "machine"},
    {"abi/bad_11.sd", "the same"},
    {"abi/bad_12.sd", "the same"},
    {"mount/ok_opt_87.sd",
     "several options= are several rules in one; we join them, and refuse those that then contradict each other"},
    {"vars/vars_alternation_3.sd",
     "a brace that a variable's value opens and the rule closes: words are told apart before variables are expanded"},
    // The suite of 3.0, whose language is narrower.
    {"mount/ok_16.sd", "3.0 takes options that contradict each other; 4.0 refuses them"},
    {"mount/ok_17.sd", "the same"},
    {"mount/ok_18.sd", "the same"},
    {"mount/ok_19.sd", "the same"},
    {"profile/flags/flags_bad5.sd", "a flag that 4.0 has"},
    {"profile/flags/flags_bad18.sd", "the same"},
    {"profile/flags/flags_bad19.sd", "the same"},
    {"profile/flags/flags_bad20.sd", "the same"},
    {"profile/flags/flags_bad_debug_1.sd", "the same"},
    {"profile/flags/flags_bad_debug_2.sd", "the same"},
    {"profile/flags/flags_bad_debug_3.sd", "the same"},
    {"profile/flags/flags_bad_debug_4.sd", "the same"},
    {"xtrans/x-conflict.sd",
     "globs that overlap with different transitions: the compile tells, which every use of a profile does besides"},
});

std::string difference(const std::filesystem::path& file, const std::string& folder, const std::string& text) {
  const std::string expected = expected_result(text);
  Diagnostics diagnostics;
  SourceOptions options;
  options.include_dirs = {folder, folder + "/..", folder + "/../.."};
  const auto read = read_source(text, file.string(), options, diagnostics);
  if (expected.empty() || (expected == "PASS") == read.ok()) return {};
  return expected + ": " + (read ? "read" : to_text(read.error()));
}

}  // namespace

TEST_CASE("apparmor_parser's own suite: what is valid, and what is not") {
  const char* folder = std::getenv("CORDON_APPARMOR_SIMPLE_TESTS");
  if (folder == nullptr) {
    WARN("CORDON_APPARMOR_SIMPLE_TESTS names no parser/tst/simple_tests: skipped");
    return;
  }
  std::size_t files = 0, explained = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".sd") continue;
    const auto text = read_file(entry.path().string());
    REQUIRE(text.ok());
    ++files;
    const std::string found = difference(entry.path(), folder, *text);
    const std::string name = std::filesystem::relative(entry.path(), folder).string();
    const bool known =
        std::any_of(kDifferences.begin(), kDifferences.end(), [&](const Difference& one) { return one.file == name; });
    explained += known && !found.empty() ? 1 : 0;
    if (!known && !found.empty()) UNSCOPED_INFO(name << ": " << found);
    if (!known) CHECK(found.empty());
  }
  WARN(files << " files of the suite, " << explained << " of them taken otherwise for reasons that are listed");
  CHECK(files > 1000);
}

}  // namespace cordon::apparmor::test
