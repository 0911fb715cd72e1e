#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cordon {

/// The syscall ABIs that a fact can name. One row each in arch.cc.
enum class Arch : std::uint8_t { kX86_64, kI386, kX32, kAarch64, kArm, kRiscv64, kS390x, kPpc64le };

struct ArchInfo {
  Arch arch;
  std::string_view name;      ///< as uname -m says it: "x86_64", "i386", "aarch64"
  std::string_view oci_name;  ///< OCI runtime-spec: "SCMP_ARCH_X86_64"
  std::uint32_t scmp_token;   ///< libseccomp's SCMP_ARCH_*
  std::uint32_t audit_arch;   ///< linux/audit.h AUDIT_ARCH_*, as seccomp_data.arch holds it
  Arch native;                ///< the 64-bit ABI that this one is the compat ABI of; itself if none
};

const ArchInfo& arch_info(Arch arch);
std::optional<Arch> arch_from_name(std::string_view name);
std::optional<Arch> arch_from_oci(std::string_view oci_name);

/// x32 shares x86_64's audit arch and is told apart by bit 30 of the number (asm/unistd.h __X32_SYSCALL_BIT).
std::optional<Arch> arch_from_audit(std::uint32_t audit_arch, std::int64_t syscall_number = 0);

/// The ABI that this binary was built for.
Arch native_arch();

}  // namespace cordon
