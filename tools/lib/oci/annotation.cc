#include "oci/annotation.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"

namespace cordon::oci {
namespace {

constexpr std::string_view kHook = "io.containers.trace-syscall";

Result<void> read_hook(std::string_view text, Wishes& wishes) {
  const std::string where(kHook);
  for (const std::string_view raw : split(text, ';')) {
    const std::string_view part = trim(raw);
    if (part.empty()) continue;
    const std::string path(trim(part.substr(std::min<std::size_t>(3, part.size()))));
    const bool output = part.starts_with("of:");
    if (!output && !part.starts_with("if:"))
      return Error{ErrorCode::kBadInput, "'" + printable(part) + "' is neither of:FILE nor if:FILE", where, ""};
    std::string& target = output ? wishes.profile : wishes.base;
    if (!target.empty())
      return Error{ErrorCode::kBadInput, "two files where one is asked for: " + printable(part), where, ""};
    if (Result<void> fine = check_path(path, where); !fine) return fine;
    target = path;
  }
  if (wishes.profile.empty()) return Error{ErrorCode::kBadInput, "no output file", where, "say of:FILE"};
  return {};
}

Result<void> read_trace(std::string_view text, Wishes& wishes) {
  wishes.trace = text;
  return check_path(wishes.trace, "io.cordon.trace");
}

Result<void> read_detail(std::string_view text, Wishes& wishes) {
  if (text != "set" && text != "args" && text != "full")
    return Error{ErrorCode::kBadInput, "'" + printable(text) + "' is none of set, args, full", "io.cordon.detail", ""};
  wishes.detail = text;
  return {};
}

struct Row {
  std::string_view annotation;
  Result<void> (*read)(std::string_view, Wishes&);
};
constexpr Row kRows[] = {{kHook, read_hook}, {"io.cordon.trace", read_trace}, {"io.cordon.detail", read_detail}};

}  // namespace

Result<void> check_path(const std::string& path, std::string_view where) {
  const auto refuse = [&](std::string what, std::string hint = "") {
    return Error{ErrorCode::kBadInput, "'" + printable(path) + "' " + std::move(what), std::string(where),
                 std::move(hint)};
  };
  if (!path.starts_with('/')) return refuse("is not an absolute path");
  if (path.find('\0') != std::string::npos) return refuse("holds a zero byte");
  if (path.ends_with('/')) return refuse("names a folder");
  for (const std::string_view part : split(path, '/'))
    if (part == ".." || part == ".") return refuse("holds '" + std::string(part) + "'");
  return {};
}

Result<Wishes> read_wishes(const std::map<std::string, std::string>& annotations) {
  Wishes wishes;
  for (const Row& row : kRows) {
    const auto found = annotations.find(std::string(row.annotation));
    if (found == annotations.end()) continue;
    wishes.any = true;
    if (Result<void> read = row.read(found->second, wishes); !read) return read.error();
  }
  return wishes;
}

}  // namespace cordon::oci
