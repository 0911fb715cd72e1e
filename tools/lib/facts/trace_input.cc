#include "facts/trace_input.h"

#include <archive.h>

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/fd.h"

namespace cordon {
namespace {

using EachLine = std::function<Result<void>(const InputLine&)>;
constexpr std::size_t kBlockBytes = 256 * 1024;

/// Cuts blocks into lines; a line that spans blocks is put together here.
class LineCutter {
 public:
  LineCutter(const EachLine& each, std::string where) : each_(each), where_(std::move(where)) {}

  Result<void> feed(std::string_view block) {
    total_ += block.size();
    if (total_ > kMaxInputBytes) return limit("unpacks to more than", kMaxInputBytes);
    while (!block.empty()) {
      const std::size_t end = block.find('\n');
      const std::string_view piece = block.substr(0, end);
      if (partial_.size() + piece.size() > kMaxLineBytes) return limit("holds a line longer than", kMaxLineBytes);
      if (end == std::string_view::npos) {
        partial_ += piece;
        return {};
      }
      if (auto done = emit(piece, false); !done) return done;
      block.remove_prefix(end + 1);
    }
    return {};
  }

  Result<void> finish() {
    if (partial_.empty()) return {};
    return emit({}, true);
  }

 private:
  Result<void> emit(std::string_view piece, bool torn) {
    ++number_;
    if (partial_.empty()) return each_({piece, number_, torn});
    partial_ += piece;
    auto done = each_({partial_, number_, torn});
    partial_.clear();
    return done;
  }

  Error limit(std::string what, std::uint64_t bytes) const {
    return {ErrorCode::kBadInput,
            std::move(what) + " the limit of " + std::to_string(bytes) + " bytes",
            where_ + ":" + std::to_string(number_ + 1),
            {}};
  }

  const EachLine& each_;
  std::string where_;
  std::string partial_;
  std::uint64_t number_ = 0;
  std::uint64_t total_ = 0;
};

struct Magic {
  std::string_view bytes;
};
/// gzip RFC 1952, xz's and zstd's format documents, bzip2's header.
constexpr std::array<Magic, 4> kCompressed = {{{"\x1f\x8b"},
                                               {"\xfd"
                                                "7zXZ"},
                                               {"\x28\xb5\x2f\xfd"},
                                               {"BZh"}}};

bool is_compressed(std::string_view start) {
  for (const Magic& magic : kCompressed)
    if (start.substr(0, magic.bytes.size()) == magic.bytes) return true;
  return false;
}

/// What libarchive reads from: the bytes that were looked at for the magic, then the rest of the file.
struct Source {
  int fd = -1;
  std::string block;
  std::size_t filled = 0;  ///< bytes of `block` not handed over yet
  Error error;
};

la_ssize_t archive_pull(archive* reader, void* data, const void** buffer) {
  auto& source = *static_cast<Source*>(data);
  *buffer = source.block.data();
  if (source.filled != 0) return static_cast<la_ssize_t>(std::exchange(source.filled, 0));
  auto got = read_some(source.fd, source.block.data(), source.block.size(), "");
  if (got) return static_cast<la_ssize_t>(*got);
  archive_set_error(reader, EIO, "%s", got.error().what.c_str());
  return -1;
}

struct ArchiveCloser {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

Error archive_problem(archive* reader, const std::string& where) {
  const char* text = archive_error_string(reader);
  return {ErrorCode::kBadInput, std::string("cannot unpack: ") + (text != nullptr ? text : "damaged"), where, {}};
}

Result<void> unpack(Source& source, LineCutter& cutter, const std::string& where) {
  const std::unique_ptr<archive, ArchiveCloser> reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open(reader.get(), &source, nullptr, archive_pull, nullptr) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
    return archive_problem(reader.get(), where);
  std::string block(kBlockBytes, '\0');
  while (true) {
    const la_ssize_t got = archive_read_data(reader.get(), block.data(), block.size());
    if (got < 0) return archive_problem(reader.get(), where);
    if (got == 0) return cutter.finish();
    if (auto fed = cutter.feed({block.data(), static_cast<std::size_t>(got)}); !fed) return fed;
  }
}

Result<void> read_plain(Source& source, LineCutter& cutter, const std::string& where) {
  std::size_t got = source.filled;
  while (got != 0) {
    if (auto fed = cutter.feed({source.block.data(), got}); !fed) return fed;
    auto next = read_some(source.fd, source.block.data(), source.block.size(), where);
    if (!next) return next.error();
    got = *next;
  }
  return cutter.finish();
}

}  // namespace

Result<void> for_each_line(const std::string& path, const EachLine& each) {
  auto fd = open_input(path);
  if (!fd) return fd.error();
  const std::string where = path == "-" ? "standard input" : printable(path);
  Source source{fd->get(), std::string(kBlockBytes, '\0'), 0, {}};
  while (source.filled < 8) {
    auto got = read_some(fd->get(), source.block.data() + source.filled, kBlockBytes - source.filled, where);
    if (!got) return got.error();
    if (*got == 0) break;
    source.filled += *got;
  }
  LineCutter cutter(each, where);
  const bool packed = is_compressed({source.block.data(), source.filled});
  return packed ? unpack(source, cutter, where) : read_plain(source, cutter, where);
}

Result<void> for_each_line_of(std::string_view text, const EachLine& each) {
  LineCutter cutter(each, "text");
  if (auto fed = cutter.feed(text); !fed) return fed;
  return cutter.finish();
}

}  // namespace cordon
