#include "audit/input.h"

#include <archive.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cstring>

namespace cordon::audit {
namespace {

constexpr std::size_t kPeek = 6;
constexpr std::size_t kChunk = 64 * 1024;

struct Magic {
  std::string_view bytes;
};
using namespace std::string_view_literals;
/// Sources: RFC 1952, the .xz and zstd format specifications (RFC 8878), bzip2, the LZ4 frame format.
constexpr std::array kCompressed = std::to_array<Magic>({{"\x1f\x8b"sv},
                                                         {"\xfd"
                                                          "7zXZ\0"sv},
                                                         {"\x28\xb5\x2f\xfd"sv},
                                                         {"BZh"sv},
                                                         {"\x04\x22\x4d\x18"sv}});

bool is_compressed(std::string_view head) {
  for (const Magic& magic : kCompressed)
    if (head.substr(0, magic.bytes.size()) == magic.bytes) return true;
  return false;
}

/// A descriptor with the bytes that were read ahead to look at.
class PeekedFd {
 public:
  PeekedFd(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {
    struct stat status {};
    stream_ = fstat(fd_.get(), &status) == 0 && !S_ISREG(status.st_mode);
  }
  Result<std::string_view> peek() {
    while (size_ < kPeek) {
      const auto got = read_some(fd_.get(), head_.data() + size_, kPeek - size_, name_);
      if (!got) return got.error();
      if (*got == 0) break;
      size_ += *got;
    }
    return std::string_view(head_.data(), size_);
  }
  Result<std::size_t> read(char* buffer, std::size_t size) {
    if (at_ == size_) return read_some(fd_.get(), buffer, size, name_);
    const std::size_t part = std::min(size, size_ - at_);
    std::memcpy(buffer, head_.data() + at_, part);
    at_ += part;
    return part;
  }
  bool stream() const { return stream_; }
  const std::string& name() const { return name_; }

 private:
  UniqueFd fd_;
  std::string name_;
  std::array<char, kPeek> head_{};
  std::size_t size_ = 0, at_ = 0;
  bool stream_ = false;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(PeekedFd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(char* buffer, std::size_t size) override { return fd_.read(buffer, size); }
  bool is_stream() const override { return fd_.stream(); }

 private:
  PeekedFd fd_;
};

/// libarchive's "raw" format: any stack of filters over one stream of bytes.
class CompressedSource : public ByteSource {
 public:
  CompressedSource(PeekedFd fd, InputLimits limits) : fd_(std::move(fd)), limits_(limits), chunk_(kChunk) {}
  ~CompressedSource() override { archive_read_free(archive_); }
  CompressedSource(const CompressedSource&) = delete;
  CompressedSource& operator=(const CompressedSource&) = delete;

  Result<void> open() {
    archive_ = archive_read_new();
    archive_read_support_filter_gzip(archive_);
    archive_read_support_filter_xz(archive_);
    archive_read_support_filter_zstd(archive_);
    archive_read_support_filter_bzip2(archive_);
    archive_read_support_filter_lz4(archive_);
    archive_read_support_format_raw(archive_);
    archive_read_support_format_empty(archive_);
    archive_entry* entry = nullptr;
    if (archive_read_open(archive_, this, nullptr, &CompressedSource::refill, nullptr) != ARCHIVE_OK) return failure();
    const int status = archive_read_next_header(archive_, &entry);
    if (status == ARCHIVE_EOF) done_ = true;
    if (status != ARCHIVE_EOF && status != ARCHIVE_OK) return failure();
    if (status == ARCHIVE_OK && archive_filter_code(archive_, 0) == ARCHIVE_FILTER_NONE)
      return Error{ErrorCode::kBadInput, "the log begins like a compressed file and is none", fd_.name(), {}};
    return {};
  }

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (done_) return std::size_t{0};
    const la_ssize_t got = archive_read_data(archive_, buffer, size);
    if (got < 0) return failure();
    out_ += static_cast<std::uint64_t>(got);
    if (out_ > limits_.expansion_floor && out_ / (in_ + 1) > limits_.max_expansion)
      return Error{ErrorCode::kBadInput,
                   "the compressed log expands more than " + std::to_string(limits_.max_expansion) +
                       " times; reading stops here",
                   fd_.name(), "if it is meant, decompress it first and give the result"};
    return static_cast<std::size_t>(got);
  }
  bool is_stream() const override { return fd_.stream(); }

 private:
  Error failure() const {
    const char* why = archive_error_string(archive_);
    return {ErrorCode::kBadInput, std::string("cannot decompress: ") + (why ? why : "unknown reason"), fd_.name(), {}};
  }
  static la_ssize_t refill(struct archive* archive, void* self, const void** buffer) {
    auto* source = static_cast<CompressedSource*>(self);
    const auto got = source->fd_.read(source->chunk_.data(), source->chunk_.size());
    if (!got) {
      archive_set_error(archive, EIO, "%s", got.error().what.c_str());
      return -1;
    }
    source->in_ += *got;
    *buffer = source->chunk_.data();
    return static_cast<la_ssize_t>(*got);
  }

  PeekedFd fd_;
  InputLimits limits_;
  std::vector<char> chunk_;
  struct archive* archive_ = nullptr;
  std::uint64_t in_ = 0, out_ = 0;
  bool done_ = false;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view text) : rest_(text) {}
  Result<std::size_t> read(char* buffer, std::size_t size) override {
    const std::size_t part = std::min(size, rest_.size());
    if (part > 0) std::memcpy(buffer, rest_.data(), part);
    rest_.remove_prefix(part);
    return part;
  }
  bool is_stream() const override { return false; }

 private:
  std::string_view rest_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> source_of(UniqueFd fd, std::string name, const InputLimits& limits) {
  PeekedFd peeked(std::move(fd), std::move(name));
  const auto head = peeked.peek();
  if (!head) return head.error();
  if (!is_compressed(*head)) return std::unique_ptr<ByteSource>(std::make_unique<PlainSource>(std::move(peeked)));
  auto source = std::make_unique<CompressedSource>(std::move(peeked), limits);
  if (auto opened = source->open(); !opened) return opened.error();
  return std::unique_ptr<ByteSource>(std::move(source));
}

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, const InputLimits& limits) {
  auto fd = open_input(path);
  if (!fd) return fd.error();
  return source_of(*std::move(fd), path == "-" ? "standard input" : path, limits);
}

std::unique_ptr<ByteSource> memory_source(std::string_view text) { return std::make_unique<MemorySource>(text); }

}  // namespace cordon::audit
