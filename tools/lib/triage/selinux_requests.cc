#include "triage/selinux_requests.h"

#include "triage/fold.h"

namespace cordon::triage {

FileKind kind_of_class(std::string_view klass) {
  if (klass == "dir") return FileKind::kDirectory;
  if (klass == "lnk_file") return FileKind::kSymlink;
  if (klass == "chr_file") return FileKind::kCharDevice;
  if (klass == "blk_file") return FileKind::kBlockDevice;
  if (klass == "fifo_file") return FileKind::kFifo;
  if (klass == "sock_file") return FileKind::kSocket;
  return FileKind::kRegular;
}

bool is_file_class(std::string_view klass) { return kind_of_class(klass) != FileKind::kRegular || klass == "file"; }

std::string with_type(std::string_view context, const std::string& type) {
  const auto parts = split_context(context);
  std::string out = std::string(parts.user) + ":" + std::string(parts.role) + ":" + type;
  return parts.level.empty() ? out : out + ":" + std::string(parts.level);
}

std::string with_level(std::string_view context, const std::string& level) {
  const auto parts = split_context(context);
  return std::string(parts.user) + ":" + std::string(parts.role) + ":" + std::string(parts.type) + ":" + level;
}

std::vector<std::vector<Request>> requests_of(const Finding& finding) {
  std::vector<std::vector<Request>> all;
  for (const auto& shape : finding.shapes) {
    if (shape.merged.verdict.by != Mechanism::kSelinux) continue;
    std::vector<Request> one;
    for (const auto& sample : shape.samples) {
      const auto* av = std::get_if<AvOp>(&sample.operation);
      if (av == nullptr) continue;
      one.push_back({*av, shape.count, av->path.starts_with("/") ? av->path : std::string(), &shape});
    }
    if (!one.empty()) all.push_back(std::move(one));
  }
  return all;
}

std::uint64_t reached(const Shape& shape, const std::string& below) {
  if (below.empty()) return shape.count;
  if (!shape.common.empty() && is_below(shape.common, below)) return shape.count - shape.pathless;
  std::uint64_t count = 0;
  for (const auto& [path, times] : shape.paths)
    if (is_below(path, below)) count += times;
  return count;
}

}  // namespace cordon::triage
