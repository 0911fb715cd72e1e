#include "selinux/labels.h"

#include <fcntl.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <cstdarg>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/text.h"

namespace cordon::selinux {
namespace {

/// libselinux hands its messages to one process-wide callback.
std::string& messages() {
  static thread_local std::string text;
  return text;
}

int take_message(int, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  std::string& text = messages();
  if (text.size() < 2048) text += (text.empty() ? "" : "; ") + std::string(trim(line));
  return 0;
}

mode_t mode_of(FileKind kind) {
  switch (kind) {
    case FileKind::kRegular:
    case FileKind::kMemfd: return S_IFREG;
    case FileKind::kDirectory: return S_IFDIR;
    case FileKind::kSymlink: return S_IFLNK;
    case FileKind::kCharDevice: return S_IFCHR;
    case FileKind::kBlockDevice: return S_IFBLK;
    case FileKind::kFifo: return S_IFIFO;
    case FileKind::kSocket: return S_IFSOCK;
    default: return 0;
  }
}

std::string_view file_type_of(FileKind kind) {
  switch (mode_of(kind)) {
    case S_IFREG: return "--";
    case S_IFDIR: return "-d";
    case S_IFLNK: return "-l";
    case S_IFCHR: return "-c";
    case S_IFBLK: return "-b";
    case S_IFIFO: return "-p";
    case S_IFSOCK: return "-s";
    default: return "";
  }
}

Result<selabel_handle*> open_handle(const std::string& path, const std::string& where) {
  selinux_callback callback{};
  callback.func_log = take_message;
  selinux_set_callback(SELINUX_CB_LOG, callback);
  messages().clear();
  const selinux_opt options[] = {{SELABEL_OPT_PATH, path.c_str()}};
  selabel_handle* handle = selabel_open(SELABEL_CTX_FILE, options, 1);
  if (handle != nullptr) return handle;
  return Error{ErrorCode::kBadInput,
               messages().empty() ? "the file contexts do not parse" : "the file contexts do not parse: " + messages(),
               where,
               {}};
}

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
         c == '-' || c == ':' || c == '@' || c == '=' || c == '~' || c == '%';
}

}  // namespace

Labels::Labels(Labels&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      matcher_(std::move(other.matcher_)),
      exact_(std::move(other.exact_)),
      known_(std::move(other.known_)),
      digest_(std::move(other.digest_)),
      where_(std::move(other.where_)) {}

Labels& Labels::operator=(Labels&& other) noexcept {
  std::swap(handle_, other.handle_);
  matcher_ = std::move(other.matcher_);
  exact_ = std::move(other.exact_);
  known_ = std::move(other.known_);
  digest_ = std::move(other.digest_);
  where_ = std::move(other.where_);
  return *this;
}

Labels::~Labels() {
  if (handle_ != nullptr) selabel_close(handle_);
}

Result<Labels> Labels::open(const std::string& file_contexts) {
  auto text = read_file(file_contexts, std::size_t{256} << 20);
  if (!text) return text.error();
  auto handle = open_handle(file_contexts, file_contexts);
  if (!handle) return handle.error();
  Labels out;
  out.handle_ = *handle;
  out.matcher_ = ContextMatcher::open(file_contexts);
  out.digest_ = sha256_hex(*text);
  out.where_ = file_contexts;
  return out;
}

/// Plain paths are kept in a table, since libselinux tries every line in turn; it too lets them go before patterns.
Result<Labels> Labels::of_module(const std::vector<FileContext>& contexts, bool mls) {
  Module patterns;
  Labels out;
  out.where_ = "the module's file contexts";
  for (const FileContext& context : contexts) {
    const auto literal = context.type.empty() ? std::nullopt : literal_of(context.regex);
    if (!literal) {
      patterns.contexts.push_back(context);
      continue;
    }
    const std::string range = mls ? ":" + (context.range.empty() ? "s0" : context.range) : "";
    out.exact_.emplace(*literal, std::pair(context.file_type, "system_u:object_r:" + context.type + range));
  }
  const std::string text = write_fc(patterns, mls ? ContextStyle::kMls : ContextStyle::kPlain);
  if (patterns.contexts.empty()) return out;
  const UniqueFd memory(memfd_create("file_contexts", MFD_CLOEXEC));
  if (!memory) return errno_error(errno, "cannot hold the module's file contexts in memory");
  if (auto written = write_all(memory.get(), text, out.where_); !written) return written.error();
  auto handle = open_handle(fmt::format("/proc/self/fd/{}", memory.get()), out.where_);
  if (!handle) return handle.error();
  out.handle_ = *handle;
  out.matcher_ = ContextMatcher::parse(text);
  return out;
}

std::optional<std::string> Labels::find(const std::string& path, FileKind kind) const {
  const auto [begin, end] = exact_.equal_range(path);
  const std::string_view wanted = file_type_of(kind);
  for (auto entry = begin; entry != end; ++entry)
    if (entry->second.first.empty() || wanted.empty() || entry->second.first == wanted) return entry->second.second;
  if (matcher_ && ContextMatcher::takes(path)) return matcher_->lookup(path, wanted);
  return ask_libselinux(path, kind);
}

std::optional<std::string> Labels::ask_libselinux(const std::string& path, FileKind kind) const {
  if (handle_ == nullptr || path.find('\0') != path.npos) return std::nullopt;
  char* context = nullptr;
  if (selabel_lookup_raw(handle_, &context, path.c_str(), static_cast<int>(mode_of(kind))) != 0 || context == nullptr)
    return std::nullopt;
  std::string out(context);
  freecon(context);
  if (out == "<<none>>") return std::nullopt;
  return out;
}

std::string Labels::aliased(const std::string& path) const { return matcher_ ? matcher_->aliased(path) : path; }

std::optional<std::string> Labels::lookup(const std::string& path, FileKind kind) const {
  const std::string key = path + '\0' + static_cast<char>('0' + static_cast<int>(kind));
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  return known_.emplace(key, find(path, kind)).first->second;
}

std::string respelled(const std::string& regex) {
  std::size_t last = regex.npos;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\')
      i += regex.substr(i + 1, 1) == "x" ? 3 : 1;  // an escape, whole: "\\xHH" or one character
    else if (!is_plain(static_cast<unsigned char>(regex[i])))
      break;
    else if (regex[i] != '/')
      last = i;
  }
  if (last == regex.npos) return regex;
  return regex.substr(0, last) + fmt::format("\\x{:02x}", static_cast<unsigned char>(regex[last])) +
         regex.substr(last + 1);
}

std::optional<std::string> literal_of(std::string_view regex) {
  std::string out;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (is_plain(static_cast<unsigned char>(regex[i]))) {
      out += regex[i];
    } else if (regex[i] != '\\' || i + 1 == regex.size()) {
      return std::nullopt;
    } else if (regex[i + 1] == '.' || regex[i + 1] == '+') {
      out += regex[++i];
    } else {
      const auto byte = regex[i + 1] == 'x' && i + 3 < regex.size() ? from_hex(regex.substr(i + 2, 2)) : std::nullopt;
      if (!byte || *byte == std::string(1, '\0')) return std::nullopt;
      out += *byte;
      i += 3;
    }
  }
  return out;
}

std::string escape_path(std::string_view path) {
  std::string out;
  for (char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte)) {
      out += c;
    } else if (c == '.' || c == '+') {
      out += '\\';
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  return out;
}

}  // namespace cordon::selinux
