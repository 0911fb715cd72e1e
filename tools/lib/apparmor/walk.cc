#include "apparmor/walk.h"

namespace cordon::apparmor {
namespace {

constexpr std::uint32_t kOldExec = 0x01, kOldWrite = 0x02, kOldRead = 0x04, kOldAppend = 0x08, kOldLink = 0x10,
                        kOldLock = 0x20, kOldMap = 0x40;
constexpr unsigned kOtherShift = 14;
constexpr std::uint32_t kHalf = 0x3fff;
constexpr std::uint32_t kChangeProfileBit = 0x80000000;

FileLetters letters_of(std::uint32_t half) {
  FileLetters letters = 0;
  if ((half & kOldExec) != 0) letters |= kX;
  if ((half & kOldWrite) != 0) letters |= kW;
  if ((half & kOldRead) != 0) letters |= kR;
  if ((half & kOldAppend) != 0) letters |= kA;
  if ((half & kOldLink) != 0) letters |= kL;
  if ((half & kOldLock) != 0) letters |= kK;
  if ((half & kOldMap) != 0) letters |= kM;
  return letters;
}

/// Bits 7..13 of a half: unconfined 0x80, unsafe 0x100, inherit 0x200, then a four-bit index.
ExecAnswer exec_of(std::uint32_t half, const CompiledProfile& profile) {
  ExecAnswer answer;
  if ((half & kOldExec) == 0) return answer;
  const std::uint32_t index = (half >> 10) & 0xf;
  answer.falls_back_to_inherit = (half & 0x200) != 0;
  if (index == 1 || (index == 0 && (half & 0x80) != 0))
    answer.kind = ExecAnswer::Kind::kUnconfined;
  else if (index == 2)
    answer.kind = ExecAnswer::Kind::kName;
  else if (index == 3)
    answer.kind = ExecAnswer::Kind::kChild;
  else if (index >= 4) {
    answer.kind = ExecAnswer::Kind::kTable;
    if (index - 4 < profile.transitions.size()) answer.target = profile.transitions[index - 4];
  } else {
    answer.kind = ExecAnswer::Kind::kInherit;
  }
  return answer;
}

std::uint32_t half_of(std::uint32_t accept, bool owner) {
  return owner ? accept & kHalf : (accept >> kOtherShift) & kHalf;
}

/// Socket permissions share the old file encoding's spare bits (aa_compute_perms).
std::uint32_t policy_bits(std::uint32_t accept) {
  const std::uint32_t user = accept & 0x7f;
  const std::uint32_t other = (accept >> kOtherShift) & 0x7f;
  const std::uint32_t user_exec = (accept >> 7) & 0x7f;
  return user | ((other & 0x3) << 8) | ((other & 0x1c) << 18) | ((other & 0x60) << 19) | ((user_exec & 0x1) << 7) |
         ((user_exec & 0x7e) << 9);
}

}  // namespace

FileAnswer ask_file(const CompiledProfile& profile, std::string_view name) {
  FileAnswer answer;
  if (!profile.file) return answer;
  const std::uint32_t accept = profile.file->accept(profile.file->walk(profile.file_start, name));
  answer.owner = letters_of(half_of(accept, true));
  answer.other = letters_of(half_of(accept, false));
  answer.owner_exec = exec_of(half_of(accept, true), profile);
  answer.other_exec = exec_of(half_of(accept, false), profile);
  return answer;
}

bool ask_link(const CompiledProfile& profile, std::string_view link, std::string_view target, bool owner) {
  if (!profile.file) return false;
  const Automaton& dfa = *profile.file;
  const Automaton::State at_link = dfa.walk(profile.file_start, link);
  const std::uint32_t link_half = half_of(dfa.accept(at_link), owner);
  if ((link_half & kOldLink) == 0) return false;
  const Automaton::State pair = dfa.walk(dfa.step(at_link, 0), target);
  const std::uint32_t pair_half = half_of(dfa.accept(pair), owner);
  if ((pair_half & kOldLink) == 0) return false;
  constexpr std::uint32_t kSubset = kOldLock;  // the lock bit of a pair's end asks for the subset test
  if ((pair_half & kSubset) == 0) return true;
  const std::uint32_t target_half = half_of(dfa.accept(dfa.walk(profile.file_start, target)), owner);
  constexpr std::uint32_t kCompared = 0x7f & ~kOldLink;
  return (link_half & kCompared & ~target_half) == 0;
}

bool mediates(const CompiledProfile& profile, PolicyClass klass) {
  if (!profile.policy) return false;
  return profile.policy->step(profile.policy_start, static_cast<unsigned char>(klass)) != Automaton::kDead;
}

std::uint32_t ask_policy(const CompiledProfile& profile, PolicyClass klass, std::string_view key) {
  if (!profile.policy) return 0;
  const Automaton::State start = profile.policy->step(profile.policy_start, static_cast<unsigned char>(klass));
  return policy_bits(profile.policy->accept(profile.policy->walk(start, key)));
}

bool ask_capability(const CompiledProfile& profile, unsigned number) {
  return number < 64 && ((profile.capabilities >> number) & 1) != 0;
}

bool ask_change_profile(const CompiledProfile& profile, std::string_view target) {
  if (!profile.file) return false;
  return (profile.file->accept(profile.file->walk(profile.file_start, target)) & kChangeProfileBit) != 0;
}

}  // namespace cordon::apparmor
