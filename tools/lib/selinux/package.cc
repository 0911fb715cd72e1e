#include "selinux/package.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "base/text.h"
#include "selinux/cil.h"
#include "selinux/context.h"
#include "selinux/policydb_impl.h"
#include "selinux/spawn.h"

extern "C" {
#include <sepol/module.h>
#include <sepol/module_to_cil.h>
}

namespace cordon::selinux {
namespace {

// sepol/module.h and sepol/policydb.h, little-endian.
constexpr std::string_view kPackageMagic = "\x8f\xff\x7c\xf9";
constexpr std::string_view kPolicyMagic = "\x8c\xff\x7c\xf9";
constexpr std::string_view kModuleMagic = "\x8d\xff\x7c\xf9";

Result<std::string> tool(const char* name, const char* package) {
  if (auto found = find_program(name)) return *found;
  return Error{
      ErrorCode::kEnvironment, fmt::format("{} is not installed", name), {}, fmt::format("apt install {}", package)};
}

Result<void> run_tool(const std::vector<std::string>& argv) {
  auto ran = run_program(argv);
  if (!ran) return ran.error();
  if (ran->status == 0) return {};
  return Error{ErrorCode::kBadInput, fmt::format("{} refuses the module: {}", argv[0], trim(ran->output)), {}, {}};
}

/// libsepol writes CIL to a FILE; this one grows in memory.
class MemoryFile {
 public:
  MemoryFile() : file_(open_memstream(&text_, &size_)) {}
  ~MemoryFile() {
    if (file_ != nullptr) std::fclose(file_);
    std::free(text_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  FILE* file() const { return file_; }
  std::string take() {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  FILE* file_;
};

Error unreadable(const SepolMessages& messages, const std::string& where) {
  const std::string why = messages.text().empty() ? "it is cut or damaged" : messages.text();
  return Error{ErrorCode::kBadInput, "the module package does not parse: " + why, where, {}};
}

struct Package {
  sepol_module_package_t* value = nullptr;
  sepol_policy_file_t* file = nullptr;
  Package() {
    sepol_module_package_create(&value);
    sepol_policy_file_create(&file);
  }
  ~Package() {
    if (value != nullptr) sepol_module_package_free(value);
    if (file != nullptr) sepol_policy_file_free(file);
  }
  Package(const Package&) = delete;
  Package& operator=(const Package&) = delete;
};

}  // namespace

bool is_policy(std::string_view bytes) { return bytes.starts_with(kPolicyMagic); }

bool is_package(std::string_view bytes) { return bytes.starts_with(kPackageMagic) || bytes.starts_with(kModuleMagic); }

Result<std::string> build_package(const std::string& name, const std::string& te, const std::string& fc, bool mls) {
  auto checkmodule = tool("checkmodule", "checkpolicy");
  if (!checkmodule) return checkmodule.error();
  auto packager = tool("semodule_package", "semodule-utils");
  if (!packager) return packager.error();
  auto directory = TemporaryDirectory::make();
  if (!directory) return directory.error();
  const std::string stem = to_identifier(name);
  const auto at = [&](const char* suffix) { return directory->file(stem + suffix); };
  for (const auto& [path, text] : {std::pair(at(".te"), &te), std::pair(at(".fc"), &fc)})
    if (auto written = write_file_atomically(path, *text, 0600); !written) return written.error();
  std::vector<std::string> compile = {*checkmodule, "-m", "-o", at(".mod"), at(".te")};
  if (mls) compile.insert(compile.begin() + 1, "-M");
  if (auto done = run_tool(compile); !done) return done.error();
  std::vector<std::string> pack = {*packager, "-o", at(".pp"), "-m", at(".mod")};
  if (!fc.empty()) pack.insert(pack.end(), {"-f", at(".fc")});
  if (auto done = run_tool(pack); !done) return done.error();
  return read_file(at(".pp"));
}

namespace {

Result<std::string> convert(std::string_view bytes, const std::string& where) {
  SepolMessages messages;
  Package package;
  MemoryFile out;
  if (package.value == nullptr || package.file == nullptr || out.file() == nullptr) return unreadable(messages, where);
  std::string copy(bytes);
  sepol_policy_file_set_mem(package.file, copy.data(), copy.size());
  sepol_policy_file_set_handle(package.file, messages.handle());
  if (sepol_module_package_read(package.value, package.file, 0) != 0) return unreadable(messages, where);
  if (sepol_module_package_to_cil(out.file(), package.value) != 0) return unreadable(messages, where);
  return out.take();
}

constexpr int kRefused = 1;
constexpr rlim_t kMostSeconds = 10;

[[noreturn]] void convert_and_tell(int fd, std::string_view bytes, const std::string& where) {
  const rlimit limit{kMostSeconds, kMostSeconds};
  setrlimit(RLIMIT_CPU, &limit);
  const auto cil = convert(bytes, where);
  const bool told = write_all(fd, cil ? *cil : cil.error().what, "the package's CIL").ok();
  _exit(cil && told ? 0 : kRefused);
}

}  // namespace

// In a child: libsepol loops on over a package that counts two thousand million types, and a reader that it
// crashed could not say what was wrong.
Result<std::string> package_to_cil(std::string_view bytes, const std::string& where) {
  if (!is_package(bytes)) return Error{ErrorCode::kBadInput, "not a policy module package", where, {}};
  if (bytes.starts_with(kModuleMagic))
    return Error{ErrorCode::kBadInput, "a bare module, not a package", where,
                 "wrap it: semodule_package -o X.pp -m X.mod"};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "cannot make a pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = fork();
  if (child < 0) return errno_error(errno, "cannot fork");
  if (child == 0) convert_and_tell(writer.get(), bytes, where);
  writer.reset();
  std::string text = read_pipe(reader.get(), kMaxCilBytes);
  const int status = wait_for(child);
  if (text.size() > kMaxCilBytes)
    return Error{ErrorCode::kBadInput,
                 fmt::format("the module package becomes more than {} bytes of CIL", kMaxCilBytes),
                 where,
                 {}};
  if (status == 0) return text;
  if (status == kRefused) return Error{ErrorCode::kBadInput, std::move(text), where, {}};
  return Error{ErrorCode::kBadInput, "the module package does not parse: libsepol ended without an answer", where, {}};
}

}  // namespace cordon::selinux
