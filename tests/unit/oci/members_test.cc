#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "base/fd.h"
#include "oci/container.h"

using namespace cordon;
using namespace cordon::oci;

namespace {

bool holds(const std::vector<pid_t>& pids, pid_t pid) { return std::find(pids.begin(), pids.end(), pid) != pids.end(); }

/// A child that waits until it is killed, in a pid namespace of its own if that is asked for; 0 where it may not be.
class Child {
 public:
  explicit Child(bool own_namespace) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    UniqueFd reader(ends[0]), writer(ends[1]);
    outer_ = fork();
    if (outer_ == 0) {
      reader.reset();
      if (own_namespace && unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(1);
      const pid_t inner = own_namespace ? fork() : getpid();
      if (inner > 0 && write(writer.get(), &inner, sizeof inner) < 0) _exit(2);
      for (;;) pause();
    }
    writer.reset();
    if (read(reader.get(), &pid_, sizeof pid_) != sizeof pid_) pid_ = 0;
  }
  ~Child() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    kill(outer_, SIGKILL);
    waitpid(outer_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t outer_ = 0;
  pid_t pid_ = 0;
};

/// A cgroup of our own, where we may make one.
class Group {
 public:
  Group() {
    for (const char* top : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids"}) {
      path_ = std::string(top) + "/cordon-unit-" + std::to_string(getpid());
      if (access((std::string(top) + "/cgroup.procs").c_str(), R_OK) == 0 && mkdir(path_.c_str(), 0755) == 0) return;
    }
    path_.clear();
  }
  ~Group() {
    if (path_.empty()) return;
    rmdir((path_ + "/below").c_str());
    rmdir(path_.c_str());
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  const std::string& path() const { return path_; }
  bool take(pid_t pid, const std::string& below = "") const {
    if (!below.empty()) mkdir((path_ + below).c_str(), 0755);
    std::ofstream file(path_ + below + "/cgroup.procs");
    file << pid << std::flush;
    return file.good();
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a container with a pid namespace of its own is all that is in it") {
  const Child child(true);
  if (child.pid() == 0) {
    WARN("skip: no pid namespace may be made here");
    return;
  }
  const auto members = container_members(child.pid());
  REQUIRE(members);
  const auto now = (*members)();
  CHECK(holds(now, child.pid()));
  CHECK_FALSE(holds(now, getpid()));
}

TEST_CASE("what shares namespace and cgroup with us is no container") {
  const Child child(false);
  const auto members = container_members(child.pid());
  REQUIRE_FALSE(members);
  CHECK(members.error().code == ErrorCode::kEnvironment);
  CHECK_FALSE(members.error().hint.empty());
}

TEST_CASE("a cgroup's processes are those in it and below it, as they come and go") {
  const Group group;
  if (group.path().empty()) {
    WARN("skip: no cgroup may be made here");
    return;
  }
  const auto members = cgroup_members(group.path());
  REQUIRE(members);
  CHECK((*members)().empty());
  {
    const Child one(false), other(false);
    if (!group.take(one.pid()) || !group.take(other.pid(), "/below")) {
      WARN("skip: no process may be moved into a cgroup here");
      return;
    }
    const auto now = (*members)();
    CHECK(now.size() == 2);
    CHECK(holds(now, one.pid()));
    CHECK(holds(now, other.pid()));
    const auto by_container = container_members(one.pid());
    REQUIRE(by_container);
    CHECK(holds((*by_container)(), one.pid()));
    CHECK_FALSE(holds((*by_container)(), getpid()));
    const std::string name = group.path().substr(group.path().rfind('/') + 1);
    CHECK(cgroup_members(name));
    CHECK(cgroup_members("/" + name));
  }
  CHECK((*members)().empty());
}

TEST_CASE("a cgroup that is not there is told") {
  for (const char* path : {"/no/such", "/sys/fs/cgroup/no/such", "/tmp"}) {
    const auto members = cgroup_members(path);
    REQUIRE_FALSE(members);
    CHECK(members.error().code == ErrorCode::kBadInput);
    CHECK_FALSE(members.error().hint.empty());
  }
}
