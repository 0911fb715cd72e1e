#include "ptrace/paths.h"

#include <unistd.h>

#include <cerrno>
#include <deque>

#include "base/text.h"
#include "ptrace/procfs.h"

namespace cordon {
namespace {

constexpr int kMaxLinks = 40;  // path_resolution(7)

void prepend(std::deque<std::string>& ahead, std::string_view path) {
  const std::vector<std::string_view> parts = split(path, '/');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (!part->empty()) ahead.emplace_front(*part);
}

void pop_component(std::string& path) {
  const std::size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

bool below_proc(std::string_view path) { return path.starts_with("/proc/"); }

/// The links of proc(5) that lead to an object rather than to their text.
bool is_magic_link(std::string_view path) {
  if (!below_proc(path)) return false;
  const std::size_t slash = path.rfind('/');
  const std::string_view name = path.substr(slash + 1);
  const std::string_view directory = path.substr(0, slash);
  if (directory == "/proc") return false;
  return directory.ends_with("/fd") || directory.ends_with("/ns") || directory.ends_with("/map_files") ||
         name == "exe" || name == "cwd" || name == "root";
}

std::string own_proc_entry(const PathView& view, std::string_view path) {
  if (path == "/proc/self") return std::to_string(view.tgid);
  if (path == "/proc/thread-self") return std::to_string(view.tgid) + "/task/" + std::to_string(view.task);
  return {};
}

}  // namespace

std::string inside_view(const PathView& view, std::string_view ours, bool& outside) {
  outside = false;
  if (view.root == "/") return std::string(ours);
  if (ours == view.root) return "/";
  if (ours.starts_with(view.root) && ours[view.root.size()] == '/') return std::string(ours.substr(view.root.size()));
  outside = true;
  return std::string(ours);
}

std::string reach(const PathView& view, std::string_view path) {
  if (view.foreign) return proc_path(view.task, "root") + std::string(path);
  return view.root == "/" ? std::string(path) : view.root + std::string(path);
}

bool PathWalker::known_directory(const PathView& view, const std::string& path) const {
  return real_.count(std::to_string(view.root_id) + path) != 0;
}

/// One walk: `at_` is the path so far, `todo_` the components that are left.
struct PathWalker::Step {
  Step(PathWalker& walker, const PathView& path_view, bool follow, bool must_be_directory)
      : walker_(walker), view_(path_view), follow_last_(follow || must_be_directory) {}

  void begin(std::string_view base, std::string_view path) {
    prepend(todo_, path);
    if (!path.starts_with('/') && base != "/") at_ = base;
    while (!ended_ && !todo_.empty()) advance();
    if (at_.empty()) at_ = "/";
    if (!looked_ && result_.error == 0 && lstat(reach(view_, at_).c_str(), &result_.status) != 0) result_.error = errno;
    result_.path = std::move(at_);
  }

  Walk take() { return std::move(result_); }

 private:
  void advance() {
    const std::string name = std::move(todo_.front());
    todo_.pop_front();
    if (name == ".") return;
    if (name == "..") {
      pop_component(at_);
      looked_ = false;
      return;
    }
    std::string next = at_ + '/' + name;
    const bool last = todo_.empty();
    if (!last && walker_.known_directory(view_, next)) {
      at_ = std::move(next);
      looked_ = false;
      return;
    }
    if (looked_) result_.parent = result_.status;
    struct stat status {};
    if (lstat(reach(view_, next).c_str(), &status) != 0) return end(errno, std::move(next));
    if (S_ISLNK(status.st_mode) && (!last || follow_last_)) return follow(next);
    if (S_ISDIR(status.st_mode) && !below_proc(next)) walker_.real_.insert(std::to_string(view_.root_id) + next);
    result_.status = status;
    looked_ = true;
    if (!last && !S_ISDIR(status.st_mode)) return end(ENOTDIR, std::move(next));
    at_ = std::move(next);
  }

  /// The walk ends here; what is left of the path is taken as it stands.
  void end(int error, std::string next) {
    result_.error = error;
    at_ = std::move(next);
    for (const std::string& rest : todo_) {
      if (rest == "..")
        pop_component(at_);
      else if (rest != ".")
        at_ += '/' + rest;
    }
    looked_ = true;
    ended_ = true;
  }

  void follow(const std::string& link) {
    if (++links_ > kMaxLinks) return end(ELOOP, link);
    const std::string own = own_proc_entry(view_, link);
    const bool magic = is_magic_link(link);
    const std::optional<std::string> target = own.empty() ? read_link(reach(view_, link)) : own;
    if (!target) return end(errno, link);
    result_.magic |= magic || !own.empty();
    result_.links.push_back(link);
    looked_ = false;
    if (magic) return jump(link, *target);
    if (target->starts_with('/')) at_.clear();
    prepend(todo_, *target);
  }

  /// A magic link leads to an object: to its path, or to something that has none.
  void jump(const std::string& link, const std::string& target) {
    if (target.starts_with('/')) {
      at_ = inside_view(view_, target, result_.disconnected);
      if (at_ == "/") at_.clear();
      return;
    }
    at_ = target;
    if (stat(reach(view_, link).c_str(), &result_.status) != 0) result_.error = errno;
    looked_ = true;
    ended_ = true;
  }

  PathWalker& walker_;
  const PathView& view_;
  bool follow_last_;
  std::deque<std::string> todo_;
  std::string at_;
  int links_ = 0;
  bool looked_ = false;  ///< result_.status is that of at_
  bool ended_ = false;
  Walk result_;
};

Walk PathWalker::walk(const PathView& view, std::string_view base, std::string_view path, bool follow_last) {
  Step step(*this, view, follow_last, path.ends_with('/'));
  step.begin(base, path);
  return step.take();
}

}  // namespace cordon
