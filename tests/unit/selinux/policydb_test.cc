#include "selinux/policydb.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "base/fd.h"
#include "selinux/sepol.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

const std::string kHttpd = "system_u:system_r:httpd_t:s0";

std::string object(const std::string& type, const std::string& range = "s0") {
  return "system_u:object_r:" + type + ":" + range;
}

bool has_fix(const Reason& reason, const std::vector<BooleanSetting>& set) {
  for (const BooleanFix& fix : reason.fixes)
    if (fix.set == set) return true;
  return false;
}

}  // namespace

TEST_CASE("a policy that is not one is told apart") {
  CHECK(PolicyDb::from_bytes("", "x").error().what == "the file is too short to be an SELinux policy");
  CHECK(PolicyDb::from_bytes("hello, world, hello", "x").error().what == "not a binary SELinux policy");
  CHECK(PolicyDb::load("/nonexistent").error().code == ErrorCode::kIo);
}

TEST_CASE("a policy cut anywhere, or newer, is refused with a reason") {
  const auto path = installed_policy();
  if (!path) return skip(path.error());
  const std::string bytes = *read_file(*path);
  for (std::size_t cut : {std::size_t{10}, std::size_t{40}, bytes.size() / 2, bytes.size() - 1}) {
    auto result = PolicyDb::from_bytes(std::string_view(bytes).substr(0, cut), "cut");
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kBadInput);
  }
  std::string newer = bytes;
  newer[16] = 99;
  CHECK(PolicyDb::from_bytes(newer, "newer").error().what == "policy version 99; this program reads up to version 33");
}

TEST_CASE("only a policy that root alone can have put in its place is the system's own") {
  const auto path = installed_policy();
  if (!path) return skip(path.error());
  namespace fs = std::filesystem;
  const auto own = [](const fs::path& file) {
    const UniqueFd fd(open(file.c_str(), O_PATH | O_CLOEXEC));
    return fd && is_installed_policy(fd.get());
  };
  struct stat status {};
  REQUIRE(stat(path->c_str(), &status) == 0);
  if (status.st_uid != 0) {
    WARN("skip: the installed policy is not root's, as this user name space has it");
    return;
  }
  std::string place = (fs::temp_directory_path() / "cordon-test-XXXXXX").string();
  REQUIRE(mkdtemp(place.data()) != nullptr);
  const fs::path link = fs::path(place) / "link";
  const fs::path copy = fs::path(place) / "copy";
  fs::create_symlink(*path, link);
  fs::copy_file(*path, copy);
  CHECK(own(*path));
  CHECK(own(link));
  CHECK_FALSE(own(copy));
  CHECK_FALSE(own("/etc/passwd"));
  CHECK_FALSE(own("/etc/selinux/.." + std::string("/..") + copy.string()));
  CHECK_FALSE(own(fs::path(*path).parent_path()));
  const auto loaded = PolicyDb::load(copy.string());
  REQUIRE(loaded.ok());
  CHECK(loaded->digest() == PolicyDb::load(link.string())->digest());
  fs::remove_all(place);
}

TEST_CASE("every reason of every permission is told") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  SECTION("one permission allowed, one not") {
    const auto out = policy->explain(kHttpd, object("etc_t"), "file", {"read", "write"});
    CHECK_FALSE(out.allowed);
    CHECK(out.perms[0].has(ReasonKind::kAllowed));
    CHECK(out.perms[1].has(ReasonKind::kNoRule));
  }
  SECTION("two booleans together") {
    const auto out = policy->explain(kHttpd, object("nfs_t"), "file", {"read"});
    REQUIRE(out.perms[0].has(ReasonKind::kBoolean));
    // The policy has httpd_builtin_scripting on or off by default; either way the smallest set names what is off.
    std::vector<BooleanSetting> wanted;
    for (const BooleanSetting& boolean : policy->booleans())
      if ((boolean.name == "httpd_builtin_scripting" || boolean.name == "httpd_use_nfs") && !boolean.on)
        wanted.push_back({boolean.name, true});
    CHECK(has_fix(out.perms[0].reasons[0], wanted));
  }
  SECTION("unknown words are reasons") {
    CHECK(policy->explain("a:b:c:s0", object("etc_t"), "file", {"read"}).perms[0].has(ReasonKind::kUnknownSource));
    CHECK(policy->explain(kHttpd, object("gone_t"), "file", {"read"}).perms[0].has(ReasonKind::kUnknownTarget));
    CHECK(policy->explain(kHttpd, object("etc_t"), "fyle", {"read"}).perms[0].has(ReasonKind::kUnknownClass));
    CHECK(policy->explain(kHttpd, object("etc_t"), "file", {"reed"}).perms[0].has(ReasonKind::kUnknownPerm));
  }
  SECTION("a role that may not change") {
    const auto out =
        policy->explain("user_u:user_r:user_t:s0", "system_u:system_r:init_t:s0", "process", {"transition"});
    CHECK(out.perms[0].has(ReasonKind::kNoRule));
    CHECK(out.perms[0].has(ReasonKind::kRbac));
  }
  SECTION("levels that do not dominate") {
    const auto out =
        policy->explain("system_u:system_r:httpd_t:s0:c1", object("httpd_cache_t", "s0:c2"), "file", {"read"});
    INFO((out.perms[0].reasons.empty() ? "" : out.perms[0].reasons[0].words));
    CHECK_FALSE(out.perms[0].reasons.empty());
  }
}

TEST_CASE("our reasons agree with libsepol's on thousands of vectors") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  const auto types = policy->types();
  const auto classes = policy->classes();
  const auto limited = policy->types_of("mcs_constrained_type");
  REQUIRE_FALSE(limited.empty());
  std::mt19937 random(7);
  std::size_t allowed = 0, constrained = 0;
  for (int i = 0; i < 12000; ++i) {
    // Users, roles, levels and domains of many rules too, so that constraints and roles decide and not rules alone.
    static const char* const kHeads[] = {"system_u:system_r:", "unconfined_u:unconfined_r:", "user_u:user_r:"};
    static const char* const kRanges[] = {"s0", "s0:c1", "s0-s0:c0.c1023", "s0:c1,c2"};
    static const char* const kTypes[] = {"unconfined_t", "init_t", "httpd_t", "user_t", "kernel_t", "sysadm_t"};
    const auto any = [&] {
      const auto pick = random();
      return pick % 3 == 0   ? types[random() % types.size()]
             : pick % 3 == 1 ? limited[random() % limited.size()]
                             : std::string(kTypes[random() % 6]);
    };
    const std::string range = kRanges[random() % 4];
    const std::string source = kHeads[random() % 3] + any() + ":" + kRanges[random() % 4];
    const std::string target = i % 3 == 0 ? kHeads[random() % 3] + any() + ":" + range : object(any(), range);
    if (!policy->is_valid_context(source) || !policy->is_valid_context(target)) continue;
    const std::string klass = i % 2 == 0 ? "file" : classes[random() % classes.size()];
    for (const auto& perm : policy->explain(source, target, klass, policy->perms_of(klass)).perms) {
      CHECK(policy->allows(source, target, klass, perm.perm) == perm.allowed);
      if (perm.allowed) CHECK_FALSE(perm.reasons.front().rules.empty());
      allowed += perm.allowed ? 1 : 0;
      constrained +=
          !perm.has(ReasonKind::kNoRule) && !perm.has(ReasonKind::kBoolean) && perm.has(ReasonKind::kConstraint) ? 1
                                                                                                                 : 0;
    }
  }
  CHECK(allowed > 1000);
  CHECK(constrained > 100);
}

TEST_CASE("the policy's own labels") {
  PolicyDb* policy = shared_policy();
  if (policy == nullptr) return;
  CHECK(type_of(policy->port_context("tcp", 80).value_or("")) == "http_port_t");
  CHECK(type_of(policy->genfs_context("proc", "/net/dev", "file").value_or("")) == "proc_net_t");
  CHECK(policy->new_type("httpd_t", "tmp_t", "file", "") == "httpd_tmp_t");
}
