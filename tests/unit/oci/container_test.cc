#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "oci/bundle.h"
#include "oci/container.h"
#include "scratch.h"

using namespace cordon;
using namespace cordon::oci;
namespace fs = std::filesystem;

namespace {

const std::string kOwn = std::to_string(getpid());

}  // namespace

TEST_CASE("containers are found in the state folders of each runtime and engine") {
  const Scratch root;
  root.put("/run/crun/aaa111/status", R"({"pid":)" + kOwn + R"(,"bundle":"/b"})");
  root.put("/run/runc/bbb222/state.json", R"({"id":"bbb222","init_process_pid":)" + kOwn + "}");
  root.put("/run/docker/runtime-runc/moby/ccc333/state.json", R"({"id":"ccc333","init_process_pid":)" + kOwn + "}");
  root.put("/run/containerd/io.containerd.runtime.v2.task/k8s.io/ddd444/init.pid", kOwn);
  root.put("/run/containerd/io.containerd.runtime.v2.task/k8s.io/ddd444/config.json",
           R"({"annotations":{"io.kubernetes.cri.container-name":"web"}})");
  root.put("/var/lib/containers/storage/overlay-containers/containers.json",
           R"([{"id":"aaa111","names":["shop"]},{"id":"eee555","names":["old"]},5])");
  root.put("/var/lib/docker/containers/ccc333/config.v2.json", R"({"ID":"ccc333","Name":"/cache"})");
  root.put("/run/crun/fff666/status", "{ torn");
  root.put("/run/crun/fff667/status", R"({"pid":"five"})");
  for (const auto& [word, id] : {std::pair("aaa111", "aaa111"), std::pair("shop", "aaa111"), std::pair("bbb", "bbb222"),
                                 std::pair("cache", "ccc333"), std::pair("web", "ddd444")}) {
    const auto found = find_container(word, root.path());
    REQUIRE(found);
    CHECK((*found).id == id);
    CHECK((*found).pid == getpid());
  }
  CHECK(find_container("old", root.path()).error().what == "the container does not run");
  CHECK(find_container("fff666", root.path()).error().what == "the container does not run");
  CHECK_FALSE(find_container("nobody", root.path()));
  CHECK_FALSE(find_container("", root.path()));
  root.put("/run/crun/aaa112/status", R"({"pid":)" + kOwn + "}");
  CHECK(find_container("aaa", root.path()).error().what.find("aaa111, aaa112") != std::string::npos);
}

TEST_CASE("a pid that another process has by now is no container's") {
  const Scratch root;
  root.put("/run/runc/abc/state.json", R"({"id":"abc","init_process_pid":)" + kOwn + R"(,"init_process_start":1})");
  CHECK(find_container("abc", root.path()).error().code == ErrorCode::kEnvironment);
}

TEST_CASE("a bundle is another one for a while") {
  const Scratch bundle;
  bundle.put("/config.json", "original");
  Diagnostics diagnostics;
  auto open = Bundle::open(bundle.path(), "", diagnostics);
  REQUIRE(open);
  CHECK((*open).text() == "original");
  REQUIRE((*open).replace("changed"));
  CHECK(bundle.get("/config.json") == "changed");
  REQUIRE((*open).restore());
  CHECK(bundle.get("/config.json") == "original");
  CHECK(std::distance(fs::directory_iterator(bundle.path()), {}) == 1);
  CHECK(diagnostics.all().empty());
}

TEST_CASE("what was left changed is put back, whenever it was left") {
  for (const bool before_rename : {false, true}) {
    const Scratch bundle;
    bundle.put("/config.json", "original");
    fs::create_hard_link(bundle.path() + "/config.json", bundle.path() + "/.config.json.cordon-original");
    if (!before_rename) {
      fs::remove(bundle.path() + "/config.json");
      bundle.put("/config.json", "changed");
    }
    Diagnostics diagnostics;
    const auto open = Bundle::open(bundle.path(), "", diagnostics);
    REQUIRE(open);
    CHECK((*open).text() == "original");
    CHECK(diagnostics.all().size() == 1);
    CHECK(std::distance(fs::directory_iterator(bundle.path()), {}) == 1);
  }
}

TEST_CASE("no symbolic link is followed") {
  const Scratch bundle;
  fs::create_symlink("/etc/passwd", bundle.path() + "/config.json");
  Diagnostics diagnostics;
  CHECK_FALSE(Bundle::open(bundle.path(), "", diagnostics));
  fs::create_directory_symlink("/etc", bundle.path() + "/link");
  CHECK_FALSE(open_folder(bundle.path() + "/link"));
  const auto made = open_folder(bundle.path() + "/new/deep", true);
  REQUIRE(made);
  fs::create_symlink("/etc/passwd", bundle.path() + "/new/deep/file");
  REQUIRE(create_fresh((*made).get(), "file", "file", 0600));
  CHECK(fs::is_regular_file(fs::symlink_status(bundle.path() + "/new/deep/file")));
}
