// The recorder at syscall stops.
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include <cerrno>

#include "ptrace/exec.h"
#include "ptrace/files.h"
#include "ptrace/infer.h"
#include "ptrace/memory.h"
#include "ptrace/recorder.h"
#include "ptrace/special.h"
#include "ptrace/syscall_fact.h"

namespace cordon {
namespace {

constexpr std::uint8_t kExitStop = 2;    // PTRACE_SYSCALL_INFO_EXIT
constexpr std::uint8_t kNoStop = 0;      // PTRACE_SYSCALL_INFO_NONE
constexpr std::int64_t kPatienceMs = 2;  // after which a call is taken to be waiting: one whole millisecond at least
constexpr std::int64_t kPatience = 1'000'000;  // nanoseconds between looks

/// prctl(2): the name of the task, or where its arguments lie.
bool renames(const Call& call) {
  const std::uint64_t option = call.args[0] & 0xffffffff;
  return call.row->may_rename && (option == PR_SET_NAME || option == PR_SET_MM);
}

bool installs_filter(const Call& call) {
  return (call.row->info->effects & kInstallsFilter) != 0 ||
         (call.row->name == "prctl" && (call.args[0] & 0xffffffff) == PR_SET_SECCOMP);
}

}  // namespace

void Recorder::on_call_stop(Tracee& tracee, bool seccomp) {
  if (tracee.launching) return resume(tracee);
  const bool plain = plain_ || tracee.process->plain_stops;
  if (seccomp && plain && tracee.in_call) return resume(tracee);  // its entry stop was looked at already
  abi::Stop stop;
  if (!abi::read_stop(tracee.tid, stop)) {
    if (errno != ESRCH) ++world_.lost;  // else it was killed, and the call was not made
    return resume(tracee);
  }
  if (stop.op == kNoStop) return resume(tracee);
  ++stops_;
  colocator_.stopped(tracee);
  if (tracee.in_doubt) files::settle_doubt(world_, tracee);
  if (stop.op == kExitStop) {
    if (tracee.in_call) exit(tracee, stop);
  } else {
    entry(tracee, stop);
  }
  resume(tracee);
}

void Recorder::entry(Tracee& tracee, const abi::Stop& stop) {
  Call& call = tracee.call;
  call.arch = arch_of_call(stop.audit_arch, stop.number);
  call.number = static_cast<std::int64_t>(stop.number);
  if (call.number < 0 || call.number > INT32_MAX) return;  // -1: a tracer or a filter has cancelled it
  call.row = world_.row_of(call.arch, call.number);
  for (unsigned i = 0; i < 6; ++i) call.args[i] = stop.args[i];
  if (call.row->affinity != 0) colocator_.step_aside(tracee, call.row->affinity == 2);
  if (renames(call)) tracee.process->names.reset();
  call.stack_pointer = stop.stack_pointer;
  call.executable = Executable::kUntold;
  call.subject = tracee.process->subject;
  call.clone_flags = call.row->info->args[0] == ArgKind::kCloneArgs ? clone3_flags(tracee.tid, call) : std::nullopt;
  call.key = syscall_key(call, options_.detail != Detail::kSet);
  call.failed = false;
  call.result = 0;
  if ((call.row->info->effects & kNoReturn) != 0) {
    if (world_.wants_result(call.key))
      world_.settle(tracee, call.key, [&] { return Operation(syscall_op(world_, call)); });
    return;
  }
  const bool plain = plain_ || tracee.process->plain_stops;
  const bool wanted = entry_details(tracee) || plain;
  tracee.in_call = wanted || world_.wants_result(call.key);
  if (tracee.in_call)
    await(tracee);
  else if (world_.full)
    files::count_expected(world_, tracee);
}

/// A call with something new to tell that does not return soon is written as tried, lest it be lost with us.
void Recorder::await(Tracee& tracee) {
  const Call& call = tracee.call;
  const bool details =
      world_.full && (!call.pending.empty() || !call.on_exit.empty() || files::has_new_operand(world_, call));
  tracee.fresh = details || !world_.has_outcome(call.key);
  tracee.fresh_since_ms = world_.now_ms;
  if (!tracee.fresh || tracee.awaited) return;
  if (awaited_.empty()) {
    patience_.start(kPatience);  // again and again: a tick outside of the wait goes unnoticed
    awaited_since_ms_ = world_.now_ms;
  }
  tracee.awaited = true;
  awaited_.push_back(tracee.tid);
}

void Recorder::write_awaited() {
  awaited_since_ms_ = world_.now_ms;
  std::erase_if(awaited_, [this](const pid_t tid) {
    const auto found = world_.tracees.find(tid);
    if (found == world_.tracees.end()) return true;
    Tracee& tracee = *found->second;
    const bool waits = tracee.in_call && tracee.fresh;
    if (waits && world_.now_ms - tracee.fresh_since_ms < kPatienceMs) return false;
    if (waits) tried(tracee);
    tracee.awaited = false;
    return true;
  });
  if (awaited_.empty()) patience_.stop();
}

void Recorder::tried(Tracee& tracee) {
  const Call& call = tracee.call;
  tracee.fresh = false;
  if (!world_.has_outcome(call.key)) world_.emit_tried(call.subject, tracee, syscall_op(world_, call));
  if (!world_.full) return;
  for (const Pending& pending : call.pending)
    if (!world_.has_outcome(pending.key)) world_.emit_tried(call.subject, tracee, pending.operation);
  for (const Operation& operation : call.on_exit)
    if (!std::holds_alternative<CapabilityOp>(operation)) world_.emit_tried(call.subject, tracee, operation);
  if (files::has_new_operand(world_, call)) files::tried(world_, tracee);
}

bool Recorder::entry_details(Tracee& tracee) {
  Call& call = tracee.call;
  const std::uint32_t effects = call.row->info->effects;
  if (!world_.full) {
    if ((effects & kForks) == 0 || call.row->special == nullptr) return installs_filter(call);
    call.on_exit.clear();
    call.row->special->entry(world_, tracee);
    call.on_exit.clear();
    return tracee.restore_clone_flags != 0;
  }
  call.pending.clear();
  call.on_exit.clear();
  call.operand_count = 0;
  call.expected = 0;
  call.open_flags = 0;
  unwrap(world_, tracee);
  if (effects != 0) entry_effects(world_, tracee);
  bool wanted = call.row->always_exit;
  if (call.row->info->uses[0].access != Access::kNone) wanted |= files::entry(world_, tracee, *call.row, call.args);
  if (call.row->special != nullptr) wanted |= call.row->special->entry(world_, tracee);
  return wanted;
}

void Recorder::exit(Tracee& tracee, const abi::Stop& stop) {
  Call& call = tracee.call;
  tracee.in_call = false;
  call.result = stop.result;
  call.failed = stop.failed;
  if (tracee.restore_clone_flags != 0) restore_clone_flags(tracee);
  world_.settle(tracee, call.key, [&] { return Operation(syscall_op(world_, call)); });
  if (world_.full) exit_details(tracee);
  exit_effects(world_, tracee);
  if (world_.full && call.row->special != nullptr && call.row->special->exit != nullptr)
    call.row->special->exit(world_, tracee);
}

/// An event has told that the call went well: no stop at its exit is needed.
void Recorder::succeeded(Tracee& tracee, std::int64_t result) {
  const bool comes_anyway = plain_ || tracee.process->plain_stops;
  if (!tracee.in_call || comes_anyway || tracee.restore_clone_flags != 0) return;
  abi::Stop stop;
  stop.op = kExitStop;
  stop.result = result;
  exit(tracee, stop);
}

void Recorder::exit_details(Tracee& tracee) {
  Call& call = tracee.call;
  files::exit(world_, tracee);
  for (const Pending& pending : call.pending) {
    if (call.failed && call.result == -EBADF) break;
    world_.settle(tracee, pending.key, [&] { return pending.operation; });
  }
  const int error = error_of(call);
  for (Operation& operation : call.on_exit) {
    const bool refused = error == EPERM || error == EACCES;
    if (std::holds_alternative<CapabilityOp>(operation) && error != 0 && !refused) continue;
    world_.emit_as(call.subject, tracee, std::move(operation), verdict_of(error));
  }
  call.on_exit.clear();
  if (call.row->capability != nullptr) infer::call_capabilities(world_, tracee);
}

/// The task is gone and its call never returned: what it tried is a fact all the same.
void Recorder::unfinished(Tracee& tracee) {
  if (tracee.in_doubt) files::settle_doubt(world_, tracee);
  if (!tracee.in_call) return;
  Call& call = tracee.call;
  tracee.in_call = false;
  const Verdict unknown{Outcome::kUnwatched, "", Mechanism::kNone};
  if (world_.wants_result(call.key)) world_.emit_as(call.subject, tracee, syscall_op(world_, call), unknown);
  if (!world_.full) return;
  for (Pending& pending : call.pending) world_.emit_as(call.subject, tracee, std::move(pending.operation), unknown);
  for (Operation& operation : call.on_exit)
    if (!std::holds_alternative<CapabilityOp>(operation))
      world_.emit_as(call.subject, tracee, std::move(operation), unknown);
  files::unfinished(world_, tracee);
}

void Recorder::restore_clone_flags(Tracee& tracee) {
  Call& call = tracee.call;
  if (call.row->name == "clone3") {
    write_memory(tracee.tid, call.args[0], &tracee.restore_clone_flags, sizeof tracee.restore_clone_flags);
  } else {
    abi::set_argument(tracee.tid, call.arch, 0, tracee.restore_clone_flags);
  }
  tracee.restore_clone_flags = 0;
}

}  // namespace cordon
