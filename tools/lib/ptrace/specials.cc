#include <algorithm>
#include <iterator>

#include "ptrace/decode.h"

namespace cordon {
namespace {

using namespace decode;

// clang-format off
constexpr Special kSpecials[] = {
    {"add_key", key_entry, nullptr},
    {"clone", clone_entry, nullptr},
    {"clone3", clone3_entry, nullptr},
    {"io_uring_enter", io_uring_enter_entry, nullptr},
    {"io_uring_setup", io_uring_entry, io_uring_exit},
    {"kcmp", peer_memory_entry, nullptr},
    {"keyctl", keyctl_entry, nullptr},
    {"kill", kill_entry, nullptr},
    {"mmap", mmap_entry, nullptr},
    {"mmap2", mmap_entry, nullptr},
    {"mount", mount_entry, nullptr},
    {"move_mount", move_mount_entry, nullptr},
    {"mprotect", mprotect_entry, nullptr},
    {"mq_open", mq_open_entry, nullptr},
    {"mq_unlink", mq_unlink_entry, nullptr},
    {"msgctl", sysv_entry, nullptr},
    {"msgget", sysv_entry, nullptr},
    {"msgrcv", sysv_entry, nullptr},
    {"msgsnd", sysv_entry, nullptr},
    {"pidfd_send_signal", pidfd_signal_entry, nullptr},
    {"pivot_root", pivot_root_entry, nullptr},
    {"pkey_mprotect", mprotect_entry, nullptr},
    {"prctl", prctl_entry, nullptr},
    {"prlimit64", prlimit_entry, nullptr},
    {"process_vm_readv", peer_memory_entry, nullptr},
    {"process_vm_writev", peer_memory_entry, nullptr},
    {"ptrace", ptrace_entry, nullptr},
    {"request_key", key_entry, nullptr},
    {"rt_sigqueueinfo", kill_entry, nullptr},
    {"rt_tgsigqueueinfo", tgkill_entry, nullptr},
    {"semctl", sysv_entry, nullptr},
    {"semget", sysv_entry, nullptr},
    {"semop", sysv_entry, nullptr},
    {"semtimedop", sysv_entry, nullptr},
    {"semtimedop_time64", sysv_entry, nullptr},
    {"setns", setns_entry, nullptr},
    {"setrlimit", setrlimit_entry, nullptr},
    {"shmat", sysv_entry, nullptr},
    {"shmctl", sysv_entry, nullptr},
    {"shmget", sysv_entry, nullptr},
    {"socket", socket_entry, socket_exit},
    {"socketpair", socket_entry, socketpair_exit},
    {"tgkill", tgkill_entry, nullptr},
    {"tkill", kill_entry, nullptr},
    {"umount", umount_entry, nullptr},
    {"umount2", umount_entry, nullptr},
    {"unshare", unshare_entry, nullptr},
    {"write", write_entry, write_exit},
};
// clang-format on

}  // namespace

const Special* special_of(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kSpecials), std::end(kSpecials), [&](const Special& row) { return row.name == name; });
  return found == std::end(kSpecials) ? nullptr : found;
}

}  // namespace cordon
