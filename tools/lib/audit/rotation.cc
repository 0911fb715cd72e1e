#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "audit/input.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

/// A log's name taken apart: stem "audit.log", generation 3 of "audit.log.3.gz", date 20261122 of
/// "audit.log-20261122" (logrotate's dateext); the live file has neither.
struct RotatedName {
  std::string stem;
  std::uint64_t generation = 0;
  std::uint64_t date = 0;
};

/// "-20261122", "-2026112214" or "-1795359628": eight digits at least.
std::optional<std::uint64_t> date_after(std::string_view name, std::size_t dash) {
  constexpr std::size_t kDigits = 8;
  if (dash == std::string_view::npos || dash == 0 || name.size() - dash - 1 < kDigits) return std::nullopt;
  return parse_number<std::uint64_t>(name.substr(dash + 1));
}

RotatedName take_apart(std::string_view path) {
  constexpr std::array kSuffixes = std::to_array<std::string_view>({".gz", ".xz", ".zst", ".bz2", ".lz4"});
  std::string_view name = path;
  for (const auto suffix : kSuffixes)
    if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix)
      name.remove_suffix(suffix.size());
  const std::size_t dash = name.rfind('-');
  if (const auto date = date_after(name, dash)) return {std::string(name.substr(0, dash)), 0, *date};
  const std::size_t dot = name.rfind('.');
  const auto number = dot == std::string_view::npos ? std::nullopt : parse_number<std::uint64_t>(name.substr(dot + 1));
  if (!number) return {std::string(name), 0, 0};
  return {std::string(name.substr(0, dot)), *number, 0};
}

/// Dated ones come first, the earliest foremost, then the highest number; the live file comes last.
bool older(const RotatedName& a, const RotatedName& b) {
  constexpr std::uint64_t kNoDate = ~std::uint64_t{0};
  return std::pair(a.date ? a.date : kNoDate, kNoDate - a.generation) <
         std::pair(b.date ? b.date : kNoDate, kNoDate - b.generation);
}

}  // namespace

std::vector<std::string> in_rotation_order(std::vector<std::string> paths) {
  std::vector<std::string> out;
  std::vector<bool> taken(paths.size(), false);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (taken[i]) continue;
    const std::string stem = take_apart(paths[i]).stem;
    std::vector<std::pair<RotatedName, std::string>> set;
    for (std::size_t j = i; j < paths.size(); ++j)
      if (auto name = take_apart(paths[j]); !taken[j] && name.stem == stem) {
        taken[j] = true;
        set.emplace_back(std::move(name), paths[j]);
      }
    std::stable_sort(set.begin(), set.end(), [](const auto& a, const auto& b) { return older(a.first, b.first); });
    for (auto& [name, path] : set) out.push_back(std::move(path));
  }
  return out;
}

namespace {

Result<std::vector<std::string>> logs_in(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), &closedir);
  if (!dir) return errno_error(errno, "cannot list the directory", directory);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir.get()))
    if (const std::string name = entry->d_name; name.find(".log") != std::string::npos)
      names.push_back(directory + "/" + name);
  std::sort(names.begin(), names.end());
  if (names.empty())
    return Error{ErrorCode::kBadInput, "the directory holds no *.log*", directory, "name the files themselves"};
  return in_rotation_order(std::move(names));
}

}  // namespace

Result<std::vector<std::string>> expand_logs(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : in_rotation_order(paths)) {
    struct stat status {};
    if (path != "-" && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      auto logs = logs_in(path);
      if (!logs) return logs.error();
      out.insert(out.end(), logs->begin(), logs->end());
    } else {
      out.push_back(path);
    }
  }
  return out;
}

}  // namespace cordon::audit
