#include "oci/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/text.h"

namespace cordon::oci {
namespace {

Error link_error(int error, const std::string& what, const std::string& where) {
  Error result = errno_error(error, what, printable(where));
  if (error == ELOOP || error == ENOTDIR)
    result.hint = "symbolic links are not followed here: give the path that they lead to";
  return result;
}

std::string temporary_name(const std::string& name) { return ".cordon-" + std::to_string(::getpid()) + "-" + name; }

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<UniqueFd> open_folder(const std::string& path, bool make) {
  UniqueFd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return errno_error(errno, "cannot open", "/");
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) continue;
    const std::string name(part);
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd next(::openat(folder.get(), name.c_str(), flags));
    if (!next && errno == ENOENT && make && (::mkdirat(folder.get(), name.c_str(), 0700) == 0 || errno == EEXIST))
      next.reset(::openat(folder.get(), name.c_str(), flags));
    if (!next) return link_error(errno, "cannot open the folder '" + printable(name) + "'", path);
    folder = std::move(next);
  }
  return folder;
}

Result<std::string> read_beneath(int folder, const std::string& name, const std::string& where, std::size_t max_bytes) {
  const UniqueFd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return link_error(errno, "cannot open", where);
  struct stat st {};
  if (::fstat(file.get(), &st) != 0) return errno_error(errno, "cannot stat", printable(where));
  if (!S_ISREG(st.st_mode)) return Error{ErrorCode::kBadInput, "is not a regular file", printable(where), ""};
  return read_file("/proc/self/fd/" + std::to_string(file.get()), max_bytes);
}

Result<UniqueFd> create_fresh(int folder, const std::string& name, const std::string& where, mode_t mode) {
  if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT)
    return errno_error(errno, "cannot replace", printable(where));
  UniqueFd file(::openat(folder, name.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) return errno_error(errno, "cannot create", printable(where));
  return file;
}

Result<void> replace_file(int folder, const std::string& name, std::string_view bytes, const std::string& like) {
  const std::string temporary = temporary_name(name);
  auto file = create_fresh(folder, temporary, temporary, 0600);
  if (!file) return file.error();
  struct stat st {};
  if (::fstatat(folder, like.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
    if (::fchown((*file).get(), st.st_uid, st.st_gid) != 0 && errno != EPERM)
      return errno_error(errno, "cannot chown", printable(temporary));
    ::fchmod((*file).get(), st.st_mode & 0777);
  }
  Result<void> done = write_all((*file).get(), bytes, printable(name));
  if (done && ::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0)
    done = errno_error(errno, "cannot rename to", printable(name));
  if (!done) ::unlinkat(folder, temporary.c_str(), 0);
  return done;
}

std::string path_through(int folder, const std::string& name) {
  return "/proc/self/fd/" + std::to_string(folder) + "/" + name;
}

}  // namespace cordon::oci
