// rooms: ptrace facts kernel base
// Mount tables of any text: a path is called the same in its own view unless another mount hides it, and never grows
// out of a mount point.
#include "ptrace/mounts.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  // A path, a NUL, their table, a NUL, our table.
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t first = std::min(text.find('\0'), text.size());
  const std::string path(text.substr(0, first));
  const std::string_view tables = first == text.size() ? std::string_view() : text.substr(first + 1);
  const std::size_t second = std::min(tables.find('\0'), tables.size());
  const auto theirs = parse_mountinfo(tables.substr(0, second));
  const auto ours = second == tables.size() ? theirs : parse_mountinfo(tables.substr(second + 1));
  const std::string here = translate_path(theirs, ours, path);
  const bool shown = here.empty() || std::any_of(ours.begin(), ours.end(), [&](const MountRow& row) {
                       return row.point == "/" || here.starts_with(row.point);
                     });
  fuzz::require(shown);
  const std::vector<MountRow> root = {{"0:1", "/", "/"}};
  if (path.starts_with('/')) fuzz::require(translate_path(root, root, path) == path);
  return 0;
}
