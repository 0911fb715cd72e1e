// rooms: oci base
// State files of runtimes and engines with any content, each in its place: what they say of containers is read or left.
#include <stdlib.h>
#include <sys/stat.h>

#include "oci/container.h"
#include "oci/places.h"
#include "support.h"

namespace {

constexpr const char* kFiles[] = {
    "/run/crun/a/status",
    "/run/runc/b/state.json",
    "/run/docker/runtime-runc/moby/c/state.json",
    "/run/containerd/io.containerd.runtime.v2.task/k8s.io/d/init.pid",
    "/run/containerd/io.containerd.runtime.v2.task/k8s.io/d/config.json",
    "/run/containers/storage/overlay-containers/e/userdata/config.json",
    "/var/lib/containers/storage/overlay-containers/containers.json",
    "/var/lib/docker/containers/f/config.v2.json",
};

void make_folders(const std::string& file) {
  for (std::size_t at = file.find('/', 1); at != std::string::npos; at = file.find('/', at + 1))
    mkdir(file.substr(0, at).c_str(), 0755);
}

/// A root with all of the places, each a link to the one file; it goes when the program ends.
class Root {
 public:
  explicit Root(const std::string& file) {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr ? folder : "/tmp") + "/fuzz-places-XXXXXX";
    fuzz::require(mkdtemp(path_.data()) != nullptr);
    for (const char* place : kFiles) {
      make_folders(path_ + place);
      fuzz::require(symlink(file.c_str(), (path_ + place).c_str()) == 0);
    }
  }
  ~Root() {
    for (const char* place : kFiles) {
      std::string name = path_ + place;
      unlink(name.c_str());
      while (name.size() > path_.size()) {
        name.erase(name.rfind('/'));
        rmdir(name.c_str());
      }
    }
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFile kFile("");
  static const Root kRoot(kFile.path());
  kFile.replace(fuzz::text_of(data, size));
  for (const cordon::oci::Sighting& one : cordon::oci::all_sightings(kRoot.path())) {
    fuzz::require(!one.id.empty() && one.file.starts_with(kRoot.path()));
    if (one.pid) static_cast<void>(cordon::oci::find_container(one.id, kRoot.path()));
    for (const std::string& name : one.names) static_cast<void>(cordon::oci::find_container(name, kRoot.path()));
  }
  return 0;
}
