#include "ptrace/mounts.h"

#include "base/text.h"

namespace cordon {
namespace {

/// mountinfo writes blanks and backslashes as three octal digits.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size();
    const auto byte = escape ? parse_number<unsigned>(text.substr(i + 1, 3), 8) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 3;
  }
  return out;
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string joined(std::string_view directory, std::string_view rest) {
  if (directory == "/") return rest.empty() ? "/" : std::string(rest);
  return std::string(directory) + (rest == "/" ? "" : std::string(rest));
}

std::string_view below(std::string_view path, std::string_view directory) {
  return directory == "/" ? path : path.substr(directory.size());
}

}  // namespace

std::vector<MountRow> parse_mountinfo(std::string_view table) {
  std::vector<MountRow> rows;
  for (const std::string_view line : split(table, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    if (words.size() < 7) continue;
    rows.push_back({std::string(words[2]), unescape(words[3]), unescape(words[4])});
  }
  return rows;
}

std::string translate_path(const std::vector<MountRow>& theirs, const std::vector<MountRow>& ours,
                           std::string_view path) {
  const MountRow* on = nullptr;  // the last of those on the longest mount point: it is on top
  for (const MountRow& row : theirs)
    if (is_below(path, row.point) && (on == nullptr || row.point.size() >= on->point.size())) on = &row;
  if (on == nullptr) return {};
  const std::string inside = joined(on->root, below(path, on->point));
  const MountRow* shows = nullptr;
  for (const MountRow& row : ours)
    if (row.device == on->device && is_below(inside, row.root) &&
        (shows == nullptr || row.root.size() < shows->root.size()))
      shows = &row;
  return shows == nullptr ? std::string() : joined(shows->point, below(inside, shows->root));
}

}  // namespace cordon
