#include "recorder_image.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/diagnostics.h"
#include "seccomp/decide.h"
#include "seccomp/read.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace cordon::oci {
namespace {

constexpr std::size_t kMostBytes = 64 << 20;

/// Without an interpreter (elf(5), PT_INTERP) a program needs nothing of the container's files.
bool is_static_elf(const std::string& bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return false;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    const std::size_t offset = header.e_phoff + std::size_t{i} * header.e_phentsize;
    if (offset > bytes.size() || bytes.size() - offset < sizeof part) return false;
    std::memcpy(&part, bytes.data() + offset, sizeof part);
    if (part.p_type == PT_INTERP) return false;
  }
  return true;
}

UniqueFd memory_file() {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(memfd_create("cordon-record", flags | MFD_EXEC));
  if (!fd && errno == EINVAL) fd.reset(memfd_create("cordon-record", flags));
  return fd;
}

/// What the recorder cannot do without, inside of the container's own filter. For process_vm_readv(2), which the
/// default filter of Docker 20.10 refuses, it has /proc/PID/mem.
constexpr const char* kNeeded[] = {"ptrace", "wait4", "prctl", "execve"};

}  // namespace

Result<UniqueFd> recorder_image(const std::string& path, const std::string& label) {
  const auto bytes = read_file(path, kMostBytes);
  if (!bytes) return bytes.error();
  if (!is_static_elf(*bytes))
    return Error{ErrorCode::kEnvironment, "is not a static program for this machine", printable(path),
                 "--cordon-recorder names it; it is built as cordon-record-static"};
  UniqueFd image = memory_file();
  if (!image) return errno_error(errno, "cannot make a file in memory");
  if (Result<void> written = write_all(image.get(), *bytes, "the recorder's copy"); !written) return written.error();
  label_file(image.get(), label);
  if (fchmod(image.get(), 0555) != 0 ||
      fcntl(image.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return errno_error(errno, "cannot seal the recorder's copy");
  return image;
}

void label_file(int fd, const std::string& label) {
  if (!label.empty()) fsetxattr(fd, "security.selinux", label.c_str(), label.size() + 1, 0);
}

Result<void> check_filter(const std::string& text, const std::string& where) {
  if (text.empty()) return {};
  Diagnostics unsaid;  // the runtime says what it thinks of the profile itself
  const auto read = seccomp::read_profile(text, where + ": /linux/seccomp", unsaid);
  if (!read) return {};
  seccomp::FilterDecider decider;
  if (const auto added = decider.add_profile((*read).profile, where, {seccomp::Runtime::kCrun}); !added) return {};
  for (const char* name : kNeeded) {
    SyscallOp op;
    op.arch = native_arch();
    op.name = name;
    const Decision decision = decider.decide(op);
    if (decision.ruling == Ruling::kDenied)
      return Error{ErrorCode::kEnvironment,
                   std::string("the container's seccomp profile forbids ") + name + ", which recording needs", where,
                   "run it with the engine's default profile, or with seccomp=unconfined"};
  }
  return {};
}

}  // namespace cordon::oci
