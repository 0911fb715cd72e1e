#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Classic BPF as seccomp(2) runs it.
namespace cordon::seccomp {

using BpfProgram = std::vector<sock_filter>;

/// The largest program that the kernel takes (linux/bpf_common.h BPF_MAXINSNS).
inline constexpr std::size_t kMaxInstructions = BPF_MAXINSNS;

/// What the kernel refuses to load, we refuse to run: opcodes outside of seccomp's list (kernel/seccomp.c
/// seccomp_check_filter), loads that are unaligned or past seccomp_data, jumps out of the program, a last instruction
/// that is no return, scratch words read before they are written, constant division by zero or shifts over 31
/// (net/core/filter.c bpf_check_classic).
Result<void> check_bpf(std::span<const sock_filter> program);

struct BpfRun {
  std::uint32_t value = 0;  ///< SECCOMP_RET_*, action and data
  std::uint32_t steps = 0;  ///< instructions that were run
};

/// Runs a program that check_bpf accepted. Jumps only go forward, so it ends after at most program.size() steps.
BpfRun run_bpf(std::span<const sock_filter> program, const seccomp_data& data);

/// The raw bytes of struct sock_filter in host order, as seccomp_export_bpf writes them; and back.
std::string bpf_bytes(const BpfProgram& program);
Result<BpfProgram> bpf_from_bytes(std::string_view bytes, const std::string& where);

}  // namespace cordon::seccomp
