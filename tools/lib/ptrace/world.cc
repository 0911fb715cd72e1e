#include "ptrace/world.h"

#include <sys/stat.h>

#include <cerrno>

#include "kernel/names.h"
#include "kernel/syscalls.h"
#include "ptrace/infer.h"

namespace cordon {
namespace {

constexpr std::uint8_t kMaxWatched = 16;  // results of an action that keeps failing are looked at this often
constexpr std::int64_t kNumberLimit = 1100;

// linux/errno.h, never seen by programs: the call was interrupted and will be made again or end with EINTR.
constexpr std::int64_t kFirstRestart = 512;
constexpr std::int64_t kLastRestart = 516;

/// Where the fact of one outcome is kept; success has a code of its own, since the bare key is the action's.
ActionKey outcome_of(ActionKey key, int error) {
  constexpr std::uint32_t kSuccess = 0x80000000;
  key.c |= std::uint64_t{error == 0 ? kSuccess : static_cast<std::uint32_t>(error)} << 32;
  return key;
}

bool has_path_argument(const SyscallInfo& info) {
  for (const Use& use : info.uses)
    if (use.access != Access::kNone && info.args[use.arg] == ArgKind::kPath) return true;
  return false;
}

constexpr std::uint32_t kResultMatters =
    kMakesFd | kMakesFdPair | kDupsFd | kForks | kChangesCreds | kChangesCwd | kChangesRoot | kChangesMounts | kExecs;

void fill(CallRow& row, Arch arch, std::string_view name) {
  row.name = name;
  row.info = &syscall_info(arch, row.name);
  row.positions = policy_positions(*row.info);
  row.special = special_of(row.name);
  row.capability = infer::capability_row(row.name);
  row.has_path = has_path_argument(*row.info);
  // An open's descriptor may also be found out later, when it is used.
  const bool opens =
      row.has_path && (row.info->effects & kResultMatters) == kMakesFd && row.info->uses[0].access == Access::kOpen;
  row.always_exit =
      (!opens && (row.info->effects & kResultMatters) != 0) || (row.capability != nullptr && row.capability->each_time);
  row.may_rename = name == "prctl";
  row.affinity = name == "sched_getaffinity" ? 1 : name == "sched_setaffinity" ? 2 : 0;
  row.seen = true;
}

std::uint64_t mount_namespace_of_self() {
  struct stat status {};
  return stat("/proc/self/ns/mnt", &status) == 0 ? status.st_ino : 0;
}

}  // namespace

void Files::mark_inherited(int fd) {
  FdEntry* entry = at(fd);
  if (entry == nullptr) return;
  entry->standard = fd <= 2;
  entry->inherited = fd > 2;
}

void Files::close_on_exec(pid_t task) {
  for (std::size_t fd = 0; fd < entries_.size(); ++fd) {
    FdEntry& entry = entries_[fd];
    entry.object = 0;
    if (!entry.standard && !entry.inherited) continue;
    struct stat status {};
    if (lstat(proc_path(task, "fd/" + std::to_string(fd)).c_str(), &status) != 0) entry = {};
  }
}

World::World(const RecordOptions& record_options, FactSink& fact_sink)
    : options(record_options), ledger(fact_sink), sink(fact_sink) {
  subjects.emplace_back();
  objects.emplace_back();
  own_mount_namespace = mount_namespace_of_self();
  full = options.detail == Detail::kFull;
}

CallRow* World::row_of(Arch arch, std::int64_t number) {
  const std::int64_t plain = arch == Arch::kX32 ? number & ~std::int64_t{0x40000000} : number;
  CallRow* row = nullptr;
  if (plain >= 0 && plain < kNumberLimit) {
    std::vector<CallRow>& rows = rows_[static_cast<std::size_t>(arch)];
    if (rows.empty()) rows.resize(kNumberLimit);
    row = &rows[static_cast<std::size_t>(plain)];
  } else {
    row = &odd_rows_[number * 8 + static_cast<std::int64_t>(arch)];
  }
  if (!row->seen) fill(*row, arch, syscall_name(arch, number));
  return row;
}

CallRow* World::row_named(Arch arch, std::string_view name) {
  const auto [found, fresh] = named_rows_.try_emplace(std::string(name));
  if (fresh) fill(found->second, arch, found->first);
  return &found->second;
}

std::uint32_t World::subject_of(TextId exe, std::uint32_t fsuid, TextId hat) {
  std::uint32_t& id = ids_.insert({0, what_of(Act::kSubject), exe, fsuid, hat});
  if (id == 0) {
    id = static_cast<std::uint32_t>(subjects.size());
    subjects.push_back({exe, fsuid, hat});
  }
  return id;
}

ObjectId World::object_of(const Object& object) {
  const auto word = [](int high, int low) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(high)) << 32 | static_cast<std::uint32_t>(low);
  };
  const std::uint64_t names = std::uint64_t{object.path} << 32 | object.host_path;
  const std::uint64_t rest = word(object.family * 32 + object.type, object.protocol) ^ std::uint64_t{object.uid} << 20;
  const std::uint32_t kinds =
      static_cast<std::uint32_t>(object.kind) << 8 | static_cast<std::uint32_t>(object.file_kind);
  ObjectId& id = ids_.insert({kinds, what_of(Act::kObject, object.disconnected ? 1 : 0), names, rest, 0});
  if (id == 0) {
    id = static_cast<ObjectId>(objects.size());
    objects.push_back(object);
  }
  return id;
}

const Credentials& World::credentials(Tracee& tracee) {
  Process& process = *tracee.process;
  if (process.credentials_stale) {
    process.credentials = read_credentials(tracee.tid);
    process.credentials_stale = false;
  }
  return process.credentials;
}

void World::renew_subject(Tracee& tracee) {
  tracee.process->subject = subject_of(tracee.process->exe, credentials(tracee).uid[3], tracee.process->hat);
}

FactIndex World::emit(const Tracee& tracee, Operation operation, Verdict verdict) {
  return emit_as(tracee.process->subject, tracee, std::move(operation), std::move(verdict));
}

Fact World::fact_of(std::uint32_t subject, const Tracee& tracee, Operation operation, Verdict verdict) const {
  Fact fact;
  fact.subject.exe = texts.text(subjects[subject].exe);
  if (subjects[subject].hat != 0) fact.subject.domain = texts.text(subjects[subject].hat);
  fact.operation = std::move(operation);
  fact.verdict = std::move(verdict);
  fact.tally = {1, 0, now_ms, now_ms};
  fact.origin.source = source;
  fact.origin.pid = tracee.process->tgid;
  return fact;
}

void World::emit_tried(std::uint32_t subject, const Tracee& tracee, Operation operation) {
  ledger.tried(fact_of(subject, tracee, std::move(operation), {Outcome::kUnwatched, "", Mechanism::kNone}));
}

FactIndex World::emit_as(std::uint32_t subject, const Tracee& tracee, Operation operation, Verdict verdict) {
  const Fact fact = fact_of(subject, tracee, std::move(operation), std::move(verdict));
  const std::size_t before = ledger.size();
  const FactIndex index = ledger.add(fact, now_ms, fact.verdict.outcome != Outcome::kUnwatched);
  if (options.progress != nullptr && ledger.size() != before) options.progress->facts.store(ledger.size());
  return index;
}

bool World::count_watched(const ActionKey& key, int error) {
  const ActionValue* value = actions.find(outcome_of(key, error));
  if (value == nullptr) return false;
  const FactIndex fact = value->usual;
  ledger.bump(fact, now_ms, true);
  count_result(key, error, fact);
  return true;
}

void World::learn(const ActionKey& key, int error, FactIndex fact) {
  actions.insert(outcome_of(key, error)).usual = fact;
  count_result(key, error, fact);
}

void World::count_result(const ActionKey& key, int error, FactIndex fact) {
  ActionValue& value = actions.insert(key);
  if (value.watched < kMaxWatched) ++value.watched;
  if (error == 0 || value.usual == kNoFact) value.usual = fact;
  value.settled |= error == 0 || value.watched == kMaxWatched;
}

void World::note(const std::string& text) { notes.insert(text); }

void World::names_moved() {
  ++generation;
  walker.forget();
}

int error_of(const Call& call) {
  if (!call.failed) return 0;
  const std::int64_t error = -call.result;
  if (error == EINPROGRESS || (error >= kFirstRestart && error <= kLastRestart)) return 0;
  return static_cast<int>(error);
}

Verdict verdict_of(int error) {
  if (error == 0) return {};
  return {Outcome::kFailed, errno_name(error), Mechanism::kNone};
}

}  // namespace cordon
