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

/// "PASS" or "FAIL", as a test file of apparmor_parser's own suite expects of the parser; "" where it says nothing plain.
std::string expected_result(std::string_view text) {
  constexpr std::string_view kMark = "EXRESULT ";
  const std::size_t at = text.find(kMark);
  if (at == std::string_view::npos || text.find(std::string("=TO") + "DO") != std::string_view::npos) return {};
  return std::string(text.substr(at + kMark.size(), 4));
}

}  // namespace

TEST_CASE("rules read as they are written") {
  for (const char* text : {"/a r,", "owner /a rw,", "audit deny /a{b,c}/** w,", "\"/a b\" mr,", "/a Px -> b,", "link /a -> /b,",
                           "capability chown,", "network inet stream,", "signal (receive, send) set=(kill, term) peer=x,",
                           "ptrace (read) peer=x,", "change_profile -> x,", "set rlimit nofile <= 1024,",
                           "unix (connect) type=stream peer=(addr=@x, label=y),", "mount fstype=ext4 options=(ro) /a -> /b,",
                           "umount /b,", "pivot_root oldroot=/a/ /b/,", "dbus (send) bus=system path=/x peer=(label=y),", "file,"}) {
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
  for (const char* text : {"deny audit /a r", "owner capability chown", "signal set=none", "signal tell", "unix (bind) peer=(addr=@x)",
                           "network inet stream ip=1.2.3", "network netlink ip=1.2.3.4", "mount options=(ro, rw) /a -> /b",
                           "mount options=(private) /a -> /b", "unix type=stream type=dgram", "change_profile safe -> x", "priority=2000 /a r",
                           "deny /a Px", "/a x", "/a", "/a rq", "/a wa", "/a ixpx", "capability nothing", "network a b c d", "set rlimit x <= 1",
                           "nonsense", "/a r extra", "link /a", "/a r ->"})
    CHECK(again(text).substr(0, 6) == "error:");
}

TEST_CASE("blocks, comments, conditionals and qualifiers") {
  const auto profiles = read("# c\nprofile a /x { # d\n /a r, # e\n audit { /b r, }\n if $z { /c r, } else { /d r, }\n ^h { /e r, }\n}\n");
  REQUIRE(profiles.ok());
  REQUIRE(profiles->size() == 2);
  CHECK((*profiles)[0].name == "a//h");
  const SourceProfile& a = (*profiles)[1];
  CHECK(a.attachment == "/x");
  REQUIRE(a.rules.size() == 4);
  CHECK(a.rules[1].rule.audit);
  CHECK(a.rules[1].line == 4);
}

TEST_CASE("text that is cut off or unbalanced is an error with its line") {
  for (const char* text : {"profile a {", "profile a { /x r }", "}", "profile { }", "/x r,"}) {
    const auto profiles = read(text);
    CHECK_FALSE(profiles.ok());
    if (!profiles) CHECK(profiles.error().where.substr(0, 5) == "test:");
  }
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

TEST_CASE("apparmor_parser's own suite: what it accepts is read") {
  const char* folder = std::getenv("CORDON_APPARMOR_SIMPLE_TESTS");
  if (folder == nullptr) {
    WARN("CORDON_APPARMOR_SIMPLE_TESTS names no parser/tst/simple_tests: skipped");
    return;
  }
  std::size_t valid = 0, valid_read = 0, invalid = 0, invalid_refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".sd") continue;
    const auto text = read_file(entry.path().string());
    const std::string expected = text ? expected_result(*text) : "";
    if (expected.empty()) continue;
    Diagnostics diagnostics;
    SourceOptions options;
    options.include_dirs = {folder, std::string(folder) + "/..", std::string(folder) + "/../.."};
    const bool fine = read_source(*text, entry.path().string(), options, diagnostics).ok();
    if ((expected == "PASS") != fine) UNSCOPED_INFO(expected << (fine ? " read: " : " refused: ") << entry.path().string());
    if (expected == "PASS") ++valid, valid_read += fine ? 1 : 0;
    if (expected == "FAIL") ++invalid, invalid_refused += fine ? 0 : 1;
  }
  WARN(valid_read << " of " << valid << " valid files read, " << invalid_refused << " of " << invalid << " invalid ones refused");
  CHECK(valid_read * 100 >= valid * 98);
  CHECK(invalid_refused * 100 >= invalid * 85);
}

}  // namespace cordon::apparmor::test
