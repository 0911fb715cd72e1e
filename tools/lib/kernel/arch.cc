#include "kernel/arch.h"

#include <linux/audit.h>
#include <seccomp.h>

#include <array>

namespace cordon {
namespace {

// AUDIT_ARCH_* from linux/audit.h, SCMP_ARCH_* from seccomp.h and OCI runtime-spec config-linux.md.
constexpr std::array<ArchInfo, 8> kArches{{
    {Arch::kX86_64, "x86_64", "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, Arch::kX86_64},
    {Arch::kI386, "i386", "SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, Arch::kX86_64},
    {Arch::kX32, "x32", "SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, Arch::kX86_64},
    {Arch::kAarch64, "aarch64", "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, Arch::kAarch64},
    {Arch::kArm, "arm", "SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, Arch::kAarch64},
    {Arch::kRiscv64, "riscv64", "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, Arch::kRiscv64},
    {Arch::kS390x, "s390x", "SCMP_ARCH_S390X", SCMP_ARCH_S390X, AUDIT_ARCH_S390X, Arch::kS390x},
    {Arch::kPpc64le, "ppc64le", "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE, Arch::kPpc64le},
}};

struct Alias {
  std::string_view name;
  Arch arch;
};
// Other spellings of the same ABI: uname -m of 32-bit machines, and libseccomp's and Debian's words.
constexpr Alias kAliases[] = {
    {"i686", Arch::kI386},     {"x86", Arch::kI386},   {"amd64", Arch::kX86_64},
    {"arm64", Arch::kAarch64}, {"armv7l", Arch::kArm}, {"s390x", Arch::kS390x},
};

constexpr std::int64_t kX32Bit = 0x40000000;  // asm/unistd.h __X32_SYSCALL_BIT

}  // namespace

const ArchInfo& arch_info(Arch arch) { return kArches[static_cast<std::size_t>(arch)]; }

std::optional<Arch> arch_from_name(std::string_view name) {
  for (const ArchInfo& info : kArches)
    if (info.name == name) return info.arch;
  for (const Alias& alias : kAliases)
    if (alias.name == name) return alias.arch;
  return std::nullopt;
}

std::optional<Arch> arch_from_oci(std::string_view oci_name) {
  for (const ArchInfo& info : kArches)
    if (info.oci_name == oci_name) return info.arch;
  return std::nullopt;
}

std::optional<Arch> arch_from_audit(std::uint32_t audit_arch, std::int64_t syscall_number) {
  if (audit_arch == AUDIT_ARCH_X86_64) {
    const bool x32 = syscall_number >= 0 && (syscall_number & kX32Bit) != 0;
    return x32 ? Arch::kX32 : Arch::kX86_64;
  }
  for (const ArchInfo& info : kArches)
    if (info.audit_arch == audit_arch) return info.arch;
  return std::nullopt;
}

Arch native_arch() {
#if defined(__x86_64__) && defined(__ILP32__)
  return Arch::kX32;
#elif defined(__x86_64__)
  return Arch::kX86_64;
#elif defined(__i386__)
  return Arch::kI386;
#elif defined(__aarch64__)
  return Arch::kAarch64;
#elif defined(__arm__)
  return Arch::kArm;
#elif defined(__riscv) && __riscv_xlen == 64
  return Arch::kRiscv64;
#elif defined(__s390x__)
  return Arch::kS390x;
#elif defined(__powerpc64__)
  return Arch::kPpc64le;
#else
#error "Cordon does not know this architecture: add a row to kernel/arch.cc"
#endif
}

}  // namespace cordon
