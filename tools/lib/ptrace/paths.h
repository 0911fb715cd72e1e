#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cordon {

/// From where a task sees the file system.
struct PathView {
  pid_t task = 0;             ///< a task that lives now and has this view
  pid_t tgid = 0;             ///< what /proc/self means
  std::string root = "/";     ///< its root directory as we see it, "/" if it is ours
  bool foreign = false;       ///< it has a mount namespace of its own: reached through /proc/TASK/root
  std::uint32_t root_id = 0;  ///< equal for equal views
};

/// A path followed to its end in a task's view.
struct Walk {
  std::string path;                ///< absolute, as the task sees it, without symlinks but perhaps the last
  std::vector<std::string> links;  ///< the symlinks that were followed, in order, as the task sees them
  int error = 0;                   ///< 0: it exists and `status` is filled in; else why the walk ended (ENOENT, …)
  struct stat status {};
  struct stat parent {};      ///< of the last directory on the way; st_mode 0 if not looked at
  bool magic = false;         ///< went through /proc/self, /proc/PID/fd/N and kin: may differ next time
  bool disconnected = false;  ///< the end lies outside of the task's root
};

/// Follows paths as the kernel would for the task: component by component, "..", symlinks, chroot and /proc's magic
/// links, with the recorder's own permissions. Directories once seen to be real are not looked at again until
/// forget(), which is called when a symlink, directory or mount may have moved.
class PathWalker {
 public:
  Walk walk(const PathView& view, std::string_view base, std::string_view path, bool follow_last);
  void forget() { real_.clear(); }

 private:
  struct Step;
  bool known_directory(const PathView& view, const std::string& path) const;
  std::unordered_set<std::string> real_;
};

/// What a path of ours is called inside of the view; `outside` is set if it does not lie below the view's root.
std::string inside_view(const PathView& view, std::string_view ours, bool& outside);

/// The path by which the recorder itself reaches a path of the view.
std::string reach(const PathView& view, std::string_view path);

}  // namespace cordon
