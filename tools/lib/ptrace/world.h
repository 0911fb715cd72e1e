#pragma once

#include <sched.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/syscall_table.h"
#include "ptrace/abi.h"
#include "ptrace/engine.h"
#include "ptrace/flat_table.h"
#include "ptrace/interner.h"
#include "ptrace/ledger.h"
#include "ptrace/mounts.h"
#include "ptrace/paths.h"
#include "ptrace/procfs.h"

/// What the recorder knows of the traced tasks. One thread owns all of it.
namespace cordon {

enum class ObjectKind : std::uint8_t { kUnknown, kFile, kSocket, kOther };

/// What a descriptor refers to. Files are one object a path; sockets one a (family, type, protocol).
struct Object {
  ObjectKind kind = ObjectKind::kUnknown;
  FileKind file_kind = FileKind::kUnknown;
  bool disconnected = false;
  TextId path = 0;  ///< as the task sees it; for kOther what the descriptor's link says ("pipe", "anon_inode:…")
  TextId host_path = 0;
  std::uint32_t uid = 0;
  int family = 0;
  int type = 0;
  int protocol = 0;
};
using ObjectId = std::uint32_t;  ///< 0: not known

struct FdEntry {
  ObjectId object = 0;
  bool standard = false;   ///< a copy of the command's standard streams: gives no facts
  bool inherited = false;  ///< the command was started with it
  bool handed = false;     ///< opened by an earlier program of the process, or received
};

/// A descriptor table; shared by the tasks that share it.
class Files {
 public:
  static constexpr int kMaxFd =
      1 << 20;  ///< beyond (RLIMIT_NOFILE's usual ceiling) descriptors are looked up each time
  FdEntry* at(int fd) {
    if (fd < 0 || fd >= kMaxFd) return nullptr;
    if (static_cast<std::size_t>(fd) >= entries_.size()) entries_.resize(static_cast<std::size_t>(fd) + 16);
    return &entries_[static_cast<std::size_t>(fd)];
  }
  void forget(int fd) {
    if (fd >= 0 && static_cast<std::size_t>(fd) < entries_.size()) entries_[static_cast<std::size_t>(fd)] = {};
  }
  void forget_range(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t fd = first; fd <= last && fd < entries_.size(); ++fd) entries_[fd] = {};
  }
  void mark_inherited(int fd);
  /// After an exec: what descriptors refer to is found out anew; marks stay only on those that are still open.
  void close_on_exec(pid_t task);
  FdEntry overflow;  ///< stands in for descriptors beyond kMaxFd

 private:
  std::vector<FdEntry> entries_;
};

/// Root and working directory; shared by the tasks that share them.
struct FsState {
  PathView view;
  TextId cwd = 0;
  std::uint64_t cwd_generation = 0;  ///< World::generation at which cwd was read; 0: not read
};

/// What a process was started as, for its line in the trace; what it forks is called the same.
struct Names {
  std::string comm;
  std::vector<std::string> argv;
};

struct Process {
  pid_t tgid = 0;
  pid_t parent = 0;
  TextId exe = 0;
  TextId hat = 0;             ///< AppArmor's, as "^name": the part of the program that runs; 0: none
  std::uint32_t subject = 0;  ///< index into World::subjects
  Credentials credentials;
  bool credentials_stale = true;
  std::shared_ptr<const Names> names;  ///< null: not known, or it has named itself anew
  bool plain_stops = false;            ///< watched by syscall stops: its own filter might hide calls from ours
  std::uint32_t tasks = 0;
};

/// What is known of one syscall number on one ABI.
struct CallRow {
  const SyscallInfo* info = nullptr;
  std::string_view name;
  PolicyPositions positions;
  const struct Special* special = nullptr;
  const struct CapabilityRow* capability = nullptr;
  bool has_path = false;
  std::uint8_t affinity = 0;  ///< 1 reads, 2 sets the CPUs that a task may run on
  bool always_exit = false;   ///< the result matters each time
  bool may_rename = false;    ///< prctl(2)
  bool seen = false;          ///< the row is filled in
};

/// What a key in the table of actions is about; `what` holds it in the low byte, details above.
enum class Act : std::uint32_t {
  kSubject,
  kObject,
  kSyscall,
  kFile,
  kIoctl,
  kNet,
  kUnix,
  kSignal,
  kPtrace,
  kCapability,
  kOther
};
constexpr std::uint32_t what_of(Act act, std::uint32_t detail = 0) {
  return static_cast<std::uint32_t>(act) | detail << 8;
}

/// One action on one object by one subject: the key of everything that hot calls look up. The upper half of `c` is
/// left to the table, which keeps the errno of a watched outcome there.
struct ActionKey {
  std::uint32_t subject = 0;
  std::uint32_t what = 0;  ///< an Act, with flags of the call in the upper half
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  bool operator==(const ActionKey&) const = default;
  std::uint64_t hash() const { return mix(a ^ mix(b ^ mix(c ^ (std::uint64_t{subject} << 32 | what)))); }
};

/// What is known of an action's outcomes. `usual` is the fact that unwatched repeats are counted on.
struct ActionValue {
  FactIndex usual = kNoFact;
  std::uint8_t watched = 0;  ///< how many results were looked at
  bool settled = false;      ///< no more results are needed
};

/// An action at the entry of a call whose result is still to be seen.
struct Pending {
  ActionKey key;
  Operation operation;
};

/// One path call, seen before or not: the chain of its outcomes.
struct PathOutcome {
  int error = 0;
  std::uint32_t facts_begin = 0;
  std::uint32_t facts_count = 0;
  ObjectId object = 0;  ///< what the descriptor that was made refers to
  std::uint32_t next = 0;
};
struct PathMemory {
  std::uint32_t first = 0;  ///< index into FileWatch's outcomes; 0: none
  int usual_error = 0;      ///< the outcome that unwatched repeats are counted on
  bool settled = false;     ///< its usual outcome has been seen: repeats need not be watched
  bool missing = false;     ///< there was no such name: whether that is still so can be asked without a stop
  bool created = false;
};

/// One operand of the call in hand.
struct Operand {
  Access access = Access::kNone;
  bool is_fd = false;  ///< a descriptor, or an empty path with AT_EMPTY_PATH
  bool follow = true;
  bool valid = false;  ///< the path could be read
  int fd = -1;
  TextId base = 0;  ///< the directory that a relative path starts from
  bool explicit_dirfd = false;
  std::string path;
  bool walked = false;
  Walk walk;
};

/// The call that a task is in, from its entry stop to its exit stop. Its strings keep their storage.
struct Call {
  Arch arch = Arch::kX86_64;
  std::int64_t number = 0;
  std::uint64_t args[6]{};
  CallRow* row = nullptr;
  std::uint64_t stack_pointer = 0;
  std::optional<std::uint64_t> clone_flags;  ///< of clone3(2)
  Executable executable = Executable::kUntold;
  ActionKey key;  ///< of the syscall fact itself
  std::int64_t result = 0;
  bool failed = false;
  std::uint32_t open_flags = 0;
  Operand operands[2];
  std::uint8_t operand_count = 0;
  Hash128 path_key;
  std::uint32_t expected = 0;  ///< the outcome that is counted unless the result is watched; 0: none
  std::vector<Pending> pending;
  std::uint32_t subject = 0;       ///< who made the call (an execve ends as somebody else)
  std::vector<Operation> on_exit;  ///< facts of special calls: take the call's verdict
  std::uint64_t scratch[2]{};      ///< for special calls
  std::string text;                ///< likewise
};

struct Tracee {
  pid_t tid = 0;
  std::shared_ptr<Process> process;
  std::shared_ptr<Files> files;
  std::shared_ptr<FsState> fs;
  bool launching = false;  ///< our own code between fork and exec: not recorded
  bool in_call = false;    ///< an exit stop is awaited
  bool fresh = false;      ///< of a call that may give facts, which are not written yet
  bool awaited = false;    ///< in the recorder's list of such
  bool in_doubt = false;   ///< its last call was counted as one on a missing name
  std::int64_t fresh_since_ms = 0;
  bool stopped_early = false;  ///< a new child that stopped before its parent told of it
  int early_status = 0;
  bool view_stale = false;  ///< made with namespaces of its own: its view is read at its first stop
  bool attached = false;    ///< by -p: let go at the end, never killed
  bool detach_wanted = false;
  bool pinned = false;                  ///< co-located with the recorder
  bool leave_alone = false;             ///< it manages its own affinity
  std::shared_ptr<cpu_set_t> affinity;  ///< what it was before it was pinned
  std::uint64_t restore_clone_flags = 0;
  Call call;
};

/// Path calls that were seen, with the facts of each of their outcomes.
struct PathBook {
  FlatTable<Hash128, PathMemory> calls{1024};
  std::vector<PathOutcome> outcomes{1};  ///< the first one stands for "none"
  std::vector<FactIndex> facts;
};

/// The errno of the call that has returned; 0 also for results that only say "not yet" or "interrupted" (EINPROGRESS,
/// the kernel's ERESTART codes from linux/errno.h).
int error_of(const Call& call);
Verdict verdict_of(int error);

struct SubjectRow {
  TextId exe = 0;
  std::uint32_t fsuid = 0;
  TextId hat = 0;
};

/// The submission queue of an io_uring, in the memory of the process that made it.
struct Ring {
  std::uint32_t size = 0;  ///< entries, a power of two; 0: not known
  std::uint32_t flags = 0;
  std::uint32_t head = 0, array = 0;     ///< offsets into the queue
  std::uint64_t queue = 0, entries = 0;  ///< addresses; 0: not found yet
  std::uint32_t looks = 0;
  std::array<bool, 256> seen{};  ///< by opcode
};

/// The mount tables that a foreign view's paths are translated with, as long as no mount or directory may have moved.
struct HostPaths {
  std::uint64_t generation = 0;
  std::uint32_t root_id = 0;
  std::vector<MountRow> theirs;
  std::vector<MountRow> ours;
};

class World {
 public:
  World(const RecordOptions& record_options, FactSink& fact_sink);

  /// The row of a call; nothing is allocated once it has been seen.
  CallRow* row_of(Arch arch, std::int64_t number);

  /// The row of a call by its name (the ones behind socketcall have no number of their own).
  CallRow* row_named(Arch arch, std::string_view name);

  std::uint32_t subject_of(TextId exe, std::uint32_t fsuid, TextId hat);
  const Credentials& credentials(Tracee& tracee);
  void renew_subject(Tracee& tracee);
  FactIndex emit(const Tracee& tracee, Operation operation, Verdict verdict);
  /// The same, for another subject than the task's present one.
  FactIndex emit_as(std::uint32_t subject, const Tracee& tracee, Operation operation, Verdict verdict);

  /// The fact of a call whose result is not known; not a fact of the run yet.
  void emit_tried(std::uint32_t subject, const Tracee& tracee, Operation operation);

  /// An outcome of the action has been seen.
  bool has_outcome(const ActionKey& key) {
    const ActionValue* value = actions.find(key);
    return value != nullptr && value->usual != kNoFact;
  }
  /// False: the action is known, and is counted. True: its result is needed.
  bool wants_result(const ActionKey& key) {
    ActionValue* value = actions.find(key);
    if (value == nullptr || !value->settled) return true;
    if (value->usual != kNoFact) ledger.bump(value->usual, now_ms, false);
    return false;
  }
  /// The result of an action, from the call that has returned. The operation is made only on first sight.
  template <class Make>
  void settle(const Tracee& tracee, const ActionKey& key, Make&& make) {
    const int error = error_of(tracee.call);
    if (!count_watched(key, error)) learn(key, error, emit_as(key.subject, tracee, make(), verdict_of(error)));
  }
  bool count_watched(const ActionKey& key, int error);
  void learn(const ActionKey& key, int error, FactIndex fact);

  ObjectId object_of(const Object& object);

  void note(const std::string& text);
  void names_moved();  ///< a symlink, directory or mount may have moved

  const RecordOptions& options;
  Ledger ledger;
  FactSink& sink;
  Interner texts;
  PathWalker walker;
  FlatTable<ActionKey, ActionValue> actions{1024};
  PathBook paths;
  std::vector<SubjectRow> subjects;
  std::vector<Object> objects;
  std::unordered_map<pid_t, std::unique_ptr<Tracee>> tracees;
  HostPaths host_paths;
  std::map<std::pair<pid_t, int>, Ring> rings;  ///< by process and descriptor
  std::set<std::string> notes;
  std::uint64_t generation = 1;
  std::uint64_t lost = 0;
  std::int64_t now_ms = 0;
  std::uint64_t own_mount_namespace = 0;
  std::uint32_t next_root_id = 1;
  bool full = true;
  std::string_view source = "ptrace";  ///< the engine, as origins name it
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
  };
  std::array<Identity, 3> standard_streams{};

 private:
  Fact fact_of(std::uint32_t subject, const Tracee& tracee, Operation operation, Verdict verdict) const;
  std::array<std::vector<CallRow>, 8> rows_;
  std::unordered_map<std::int64_t, CallRow> odd_rows_;
  std::map<std::string, CallRow, std::less<>> named_rows_;
  void count_result(const ActionKey& key, int error, FactIndex fact);
  FlatTable<ActionKey, std::uint32_t> ids_{256};
};

/// A call with a decoder of its own (decode_*.cc). Entry: true if the result is needed. Exit may be null.
struct Special {
  std::string_view name;
  bool (*entry)(World&, Tracee&);
  void (*exit)(World&, Tracee&);
};
const Special* special_of(std::string_view name);

}  // namespace cordon
