#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "base/fd.h"
#include "base/text.h"
#include "selinux/labels.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

constexpr FileKind kKinds[] = {FileKind::kUnknown, FileKind::kRegular, FileKind::kDirectory, FileKind::kSymlink,
                               FileKind::kSocket};

/// A file contexts file with what libselinux reads beside it, in a directory of its own.
struct Contexts {
  std::filesystem::path directory;
  Contexts() {
    std::string name = (std::filesystem::temp_directory_path() / "cordon-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory = name;
  }
  ~Contexts() { std::filesystem::remove_all(directory); }
  Contexts(const Contexts&) = delete;
  void write(const std::string& suffix, const std::string& text) const {
    std::ofstream(path() + suffix, std::ios::binary) << text;
  }
  std::string path() const { return (directory / "file_contexts").string(); }
};

/// Paths near what a line's expression matches, some of which it does and some it does not.
std::vector<std::string> paths_near(std::string regex) {
  const std::pair<const char*, const char*> kChanges[] = {
      {R"(\(/\.\*\)\?)", "/deep/er"}, {R"(\[\^/\][*+])", "part"},          {R"(\.[*+])", "any.thing"},
      {R"(\[0-9\][*+]?)", "7"},       {R"(\(([^|()]*)[^()]*\)\??)", "$1"}, {R"(\\(.))", "$1"}};
  for (const auto& [from, to] : kChanges) regex = std::regex_replace(regex, std::regex(from), to);
  return {regex, regex + "/below", regex + "x", regex.substr(0, regex.size() - 1), "/run" + regex};
}

void compare(const Labels& labels, const std::string& path) {
  for (const FileKind kind : kKinds) {
    INFO(path << " as kind " << static_cast<int>(kind));
    CHECK(labels.lookup(path, kind) == labels.ask_libselinux(path, kind));
  }
}

}  // namespace

TEST_CASE("paths near every 17th line of the installed file contexts are labelled as libselinux labels them") {
  const auto file = find_file_contexts();
  if (!file) return skip(file.error());
  auto labels = Labels::open(*file);
  REQUIRE(labels.ok());
  const auto text = read_file(*file, std::size_t{64} << 20);
  REQUIRE(text.ok());
  std::size_t labelled = 0;
  std::size_t number = 0;
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with('/') || ++number % 17 != 0) continue;
    for (const std::string& path : paths_near(std::string(line.substr(0, line.find_first_of(" \t"))))) {
      compare(*labels, path);
      labelled += labels->lookup(path, FileKind::kRegular).has_value() ? 1 : 0;
    }
  }
  CHECK(labelled > number / 17);  // more than one path of each line that was tried
}

TEST_CASE("aliases, local lines, alternatives and quantifiers mean what libselinux takes them for") {
  const Contexts contexts;
  contexts.write("",
                 "/.*  system_u:object_r:default_t:s0\n/ -d system_u:object_r:root_t:s0\n\n# a remark\n  "
                 "/usr/.*\t\tsystem_u:object_r:usr_t:s0\n"
                 "/usr/bin/a|/usr/bin/b -- system_u:object_r:ab_t:s0\n/usr/x{2,3}y? "
                 "system_u:object_r:x_t:s0\n/usr/bin/c\\.d -- system_u:object_r:cd_t:s0\n"
                 "/usr/bin/c.* system_u:object_r:late_t:s0\n/opt(/.*)? <<none>>\n/o[pq]t/z+ -- "
                 "system_u:object_r:z_t:s0\n/srv/\\x61b system_u:object_r:hex_t:s0\n"
                 "/etc/a?b* system_u:object_r:opt_t:s0\n/var/(lib|cache)/q(/.*)? system_u:object_r:q_t:s0\n/x.+ "
                 "system_u:object_r:some_t:s0\n");
  contexts.write(".local", "/usr/bin/c\\.d system_u:object_r:local_t:s0\n");
  contexts.write(".homedirs", "/home/[^/]+/.+ system_u:object_r:home_t:s0\n");
  contexts.write(".subs", "/alias /usr\n/top /\n");
  contexts.write(".subs_dist", "/usr/lib64 /usr/bin\n/alias/bin /etc\n/usr /opt/usr\n");
  auto labels = Labels::open(contexts.path());
  REQUIRE(labels.ok());
  for (const char* path : {"/usr/bin/a",
                           "/usr/bin/b",
                           "/usr/bin/ab",
                           "/bin/b",
                           "/usr/xx",
                           "/usr/xxxy",
                           "/usr/xxxx",
                           "/usr/bin/c.d",
                           "/usr/bin/cxd",
                           "/opt",
                           "/opt/z",
                           "/oqt/zz",
                           "/optz",
                           "/srv/ab",
                           "/srv/\\x61b",
                           "/etc/",
                           "/etc/a",
                           "/etc/abbb",
                           "/etc/b",
                           "/var/lib/q",
                           "/var/cache/q/r",
                           "/var/log/q",
                           "/alias",
                           "/alias/bin/c.d",
                           "/aliasx",
                           "/top/usr/bin/c.d",
                           "/top",
                           "/usr/lib64/c.d",
                           "/home/u/f",
                           "/home/u",
                           "/usr",
                           "/x",
                           "/xy",
                           "/",
                           "//usr//bin/a",
                           "/a\nb",
                           "relative",
                           "",
                           "/usr/bin/a/",
                           "/opt/usr/q"})
    compare(*labels, path);
}

TEST_CASE("a path is turned by the aliases of the installed file contexts") {
  const auto file = find_file_contexts();
  if (!file) return skip(file.error());
  auto labels = Labels::open(*file);
  REQUIRE(labels.ok());
  CHECK(labels->aliased("/lib/x") == "/usr/lib/x");
  CHECK(labels->aliased("/usr/share/x") == "/usr/share/x");
}
