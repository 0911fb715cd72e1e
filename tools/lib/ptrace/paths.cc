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

Walk PathWalker::walk(const PathView& view, std::string_view base, std::string_view path, bool follow_last) {
  Walk result;
  std::deque<std::string> ahead;
  prepend(ahead, path);
  std::string at = path.starts_with('/') || base == "/" ? std::string() : std::string(base);
  const bool must_be_directory = path.ends_with('/');
  int links = 0;
  bool looked = false;
  while (!ahead.empty()) {
    const std::string name = std::move(ahead.front());
    ahead.pop_front();
    if (name == ".") continue;
    if (name == "..") {
      pop_component(at);
      looked = false;
      continue;
    }
    const std::string next = at + '/' + name;
    const bool last = ahead.empty();
    if (!last && known_directory(view, next)) {
      at = next;
      looked = false;
      continue;
    }
    if (looked) result.parent = result.status;
    struct stat status {};
    if (lstat(reach(view, next).c_str(), &status) != 0) {
      result.error = errno;
      at = next;
      for (const std::string& rest : ahead) {
        if (rest == "..") pop_component(at);
        else if (rest != ".") at += '/' + rest;
      }
      looked = true;
      break;
    }
    if (!S_ISLNK(status.st_mode) || (last && !follow_last && !must_be_directory)) {
      if (S_ISDIR(status.st_mode) && !below_proc(next)) real_.insert(std::to_string(view.root_id) + next);
      at = next;
      result.status = status;
      looked = true;
      if (!last && !S_ISDIR(status.st_mode)) {
        result.error = ENOTDIR;
        for (const std::string& rest : ahead) at += '/' + rest;
        break;
      }
      continue;
    }
    if (++links > kMaxLinks) {
      result.error = ELOOP;
      at = next;
      break;
    }
    std::string own = own_proc_entry(view, next);
    result.magic |= !own.empty();
    const bool magic = is_magic_link(next);
    const std::optional<std::string> target = own.empty() ? read_link(reach(view, next)) : own;
    if (!target) {
      result.error = errno;
      at = next;
      break;
    }
    result.links.push_back(next);
    if (!magic) {
      if (target->starts_with('/')) at.clear();
      prepend(ahead, *target);
      looked = false;
      continue;
    }
    result.magic = true;
    if (!target->starts_with('/')) {
      at = *target;
      if (stat(reach(view, next).c_str(), &result.status) != 0) result.error = errno;
      looked = true;
      break;
    }
    at = inside_view(view, *target, result.disconnected);
    if (at == "/") at.clear();
    looked = false;
  }
  if (at.empty()) at = "/";
  if (!looked && result.error == 0 && lstat(reach(view, at).c_str(), &result.status) != 0) result.error = errno;
  result.path = std::move(at);
  return result;
}

}  // namespace cordon
