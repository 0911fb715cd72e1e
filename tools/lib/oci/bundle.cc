#include "oci/bundle.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/bytes.h"

namespace cordon::oci {
namespace {
constexpr std::size_t kMostBytes = 64 << 20;

bool is_file(int folder, const std::string& name) {
  struct stat st {};
  return ::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}
}  // namespace

Result<Bundle> Bundle::open(const std::string& folder, const std::string& config, Diagnostics& diagnostics) {
  const std::string path = config.empty() ? folder + "/config.json" : config;
  // The folder is named by the caller, who may go through links; what lies in it may not.
  UniqueFd fd(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error(errno, "cannot open the bundle", printable(folder_of(path)));
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return errno_error(errno, "cannot lock the bundle", printable(folder_of(path)));
  Bundle bundle(std::move(fd), name_of(path), path);
  if (is_file(bundle.folder_.get(), bundle.original())) {
    diagnostics.warn("an earlier cordon-oci was killed before it could put this file back; done now", printable(path));
    bundle.replaced_ = true;
    if (Result<void> put = bundle.restore(); !put) return put.error();
    return open(folder, config, diagnostics);
  }
  auto text = read_beneath(bundle.folder_.get(), bundle.name_, path, kMostBytes);
  if (!text) return text.error();
  bundle.text_ = std::move(*text);
  return bundle;
}

Result<void> Bundle::replace(std::string_view text) {
  if (::linkat(folder_.get(), name_.c_str(), folder_.get(), original().c_str(), 0) != 0)
    return errno_error(errno, "cannot keep the original of", printable(where_));
  replaced_ = true;
  if (Result<void> written = replace_file(folder_.get(), name_, text, original()); !written) {
    ::unlinkat(folder_.get(), original().c_str(), 0);
    replaced_ = false;
    return written;
  }
  return {};
}

Result<void> Bundle::restore() {
  if (!folder_) return {};
  if (replaced_ && ::renameat(folder_.get(), original().c_str(), folder_.get(), name_.c_str()) != 0 && errno != ENOENT)
    return errno_error(errno, "cannot put back the original of", printable(where_));
  ::unlinkat(folder_.get(), original().c_str(), 0);  // rename(2) leaves two names of one file alone
  replaced_ = false;
  folder_.reset();
  return {};
}

}  // namespace cordon::oci
