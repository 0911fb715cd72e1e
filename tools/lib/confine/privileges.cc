#include "confine/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "base/fd.h"

namespace cordon::confine {
namespace {

constexpr uid_t kNobody = 65534;  // Debian's and the kernel's overflow id

/// capget(2)'s version 3: two words of 32 bits a set.
struct Capabilities {
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> words{};

  static Result<Capabilities> of_this_process() {
    Capabilities found;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    if (syscall(SYS_capget, &header, found.words.data()) != 0) return errno_error(errno, "cannot read capabilities");
    return found;
  }
  Result<void> set() const {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    if (syscall(SYS_capset, &header, words.data()) != 0) return errno_error(errno, "cannot give up capabilities");
    return {};
  }
  bool has(unsigned number) const { return (words.at(number / 32).permitted >> (number % 32) & 1U) != 0; }
  /// What is in `keep` and permitted is effective; the rest could be raised again.
  Capabilities raised(const std::set<unsigned>& keep) const {
    Capabilities out = only(keep);
    for (std::size_t i = 0; i < words.size(); ++i) out.words.at(i).permitted = words.at(i).permitted;
    return out;
  }
  /// What is in `keep` and permitted becomes effective; nothing else stays, nothing is inherited.
  Capabilities only(const std::set<unsigned>& keep) const {
    Capabilities out;
    for (const unsigned number : keep)
      if (has(number)) out.words.at(number / 32).permitted |= 1U << (number % 32);
    for (auto& word : out.words) word.effective = word.permitted;
    return out;
  }
  bool empty() const {
    for (const auto& word : words)
      if ((word.permitted | word.inheritable) != 0) return false;
    return true;
  }
};

/// The bounding set limits what a helper's file could give back; without CAP_SETPCAP no_new_privs alone does.
void bound(const Capabilities& now, const std::set<unsigned>& keep) {
  if (!now.has(CAP_SETPCAP)) return;
  for (unsigned number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
    if (!keep.contains(number)) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

std::vector<std::string> readable(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths)
    if (faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0) out.push_back(path);
  return out;
}

/// Real and effective ids; the saved ones decide whether there is a way back.
Result<void> change_ids(uid_t uid, gid_t gid, uid_t saved_uid, gid_t saved_gid) {
  const gid_t before = getegid();
  if (setresgid(gid, gid, saved_gid) != 0) return errno_error(errno, "cannot change the group");
  if (setresuid(uid, uid, saved_uid) == 0) return {};
  const int why = errno;
  if (setresgid(before, before, before) != 0) return errno_error(errno, "cannot return to the group");
  return errno_error(why, "cannot change the user");
}

/// Whether nobody with `keep` reads what root reads. Tried with root's ids saved, and undone.
Result<bool> nobody_reads(const Capabilities& before, const std::set<unsigned>& keep,
                          const std::vector<std::string>& inputs) {
  const auto wanted = readable(inputs);
  const gid_t group = getegid();
  if (auto changed = change_ids(kNobody, kNobody, 0, group); !changed) return changed.error();
  const auto raised = before.raised(keep).set();
  const bool same = raised && readable(wanted).size() == wanted.size();
  if (auto set = before.set(); !set) return set.error();
  if (auto changed = change_ids(0, group, 0, group); !changed) return changed.error();
  return same;
}

}  // namespace

Result<bool> drop_capabilities(const std::set<unsigned>& keep) {
  const auto now = Capabilities::of_this_process();
  if (!now) return now.error();
  if (now->empty()) return false;
  bound(*now, keep);
  if (auto set = now->only(keep).set(); !set) return set.error();
  return true;
}

Result<bool> become_nobody(const std::set<unsigned>& keep, const std::vector<std::string>& inputs) {
  if (geteuid() != 0 || getuid() != 0) return false;
  const auto before = Capabilities::of_this_process();
  if (!before) return before.error();
  const auto same = nobody_reads(*before, keep, inputs);
  if (!same || !*same) return same;
  if (setgroups(0, nullptr) != 0) return errno_error(errno, "cannot leave the groups");
  bound(*before, keep);
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return errno_error(errno, "cannot keep capabilities");
  if (auto changed = change_ids(kNobody, kNobody, kNobody, kNobody); !changed) return changed.error();
  if (auto set = before->only(keep).set(); !set) return set.error();
  return true;
}

}  // namespace cordon::confine
