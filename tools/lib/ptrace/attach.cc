#include "ptrace/attach.h"

#include <sys/ptrace.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "ptrace/launch.h"
#include "ptrace/procfs.h"

namespace cordon {

unsigned trace_options(bool follow) {
  constexpr unsigned kFollow = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  constexpr unsigned kAlways = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP;
  return kAlways | (follow ? kFollow : 0);
}

std::vector<pid_t> descendants_of(const std::vector<pid_t>& pids) {
  std::vector<std::pair<pid_t, pid_t>> others;
  for (const int pid : numbered_entries("/proc")) others.emplace_back(pid, read_credentials(pid).parent);
  std::set<pid_t> family(pids.begin(), pids.end());
  for (std::size_t before = 0; before != family.size();) {
    before = family.size();
    for (const auto& [pid, parent] : others)
      if (family.count(parent) != 0) family.insert(pid);
  }
  for (const pid_t pid : pids) family.erase(pid);
  return {family.begin(), family.end()};
}

Result<std::vector<pid_t>> attach_all_tasks(pid_t pid, unsigned options) {
  std::vector<pid_t> tasks;
  std::set<pid_t> held;
  bool fresh = true;
  while (fresh) {  // until a round finds no thread that is not held
    fresh = false;
    std::vector<int> present = numbered_entries(proc_path(pid, "task"));
    std::sort(present.begin(), present.end(), [&](int a, int b) { return (a == pid) > (b == pid); });
    for (const int tid : present) {
      if (held.count(tid) != 0) continue;
      if (ptrace(PTRACE_SEIZE, tid, 0, options) != 0) {
        if (errno == ESRCH && tid != pid) continue;  // ended meanwhile
        // A new thread of one that is held already is traced from its start.
        if (errno == EPERM && !tasks.empty()) continue;
        return explain_refusal(errno, pid, false);
      }
      held.insert(tid);
      tasks.push_back(tid);
      fresh = true;
    }
  }
  if (tasks.empty()) return explain_refusal(ESRCH, pid, false);
  return tasks;
}

}  // namespace cordon
