#include "triage/denial.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "facts/names.h"
#include "kernel/syscalls.h"
#include "triage/fold.h"
#include "triage/match.h"
#include "triage/rule.h"
#include "triage/where.h"

namespace cordon::triage {
namespace {

constexpr std::array kFieldNames = std::to_array<std::string_view>(
    {"mechanism",   "operation",    "outcome",     "program",     "exe",          "comm",        "unit",
     "profile",     "source_user",  "source_role", "source_type", "source_level", "target_user", "target_role",
     "target_type", "target_level", "class",       "perm",        "path",         "name",        "syscall",
     "arch",        "capability",   "family",      "type",        "protocol",     "port",        "peer",
     "signal",      "fstype",       "flag",        "bus",         "interface",    "member",      "target",
     "act",         "resource",     "error",       "state",       "info",         "raw_type",    "class_group",
     "call"});
static_assert(kFieldNames.size() == static_cast<std::size_t>(Field::kCount_));

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with("/")) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

constexpr std::array kFileClasses = std::to_array<std::string_view>(
    {"file", "dir", "lnk_file", "sock_file", "fifo_file", "chr_file", "blk_file", "filesystem"});

std::string_view class_group(std::string_view klass) {
  if (std::find(kFileClasses.begin(), kFileClasses.end(), klass) != kFileClasses.end()) return "files";
  return klass.ends_with("_socket") || klass == "socket" || klass == "node" || klass == "netif" ? "sockets" : klass;
}

/// SECCOMP_RET_KILL_PROCESS or _KILL_THREAD, which is 0. Kernels before 4.14 logged kills only, and no code.
bool is_killed(const audit::Details& details) {
  constexpr std::uint32_t kActionFull = 0xffff0000, kKillProcess = 0x80000000;
  const auto action = details.action & kActionFull;
  return details.record_type == "SECCOMP" && (action == 0 || action == kKillProcess);
}

/// The call that SELinux stopped, where the event's SYSCALL record tells it.
std::string_view syscall_of(const audit::Details& details) {
  if (details.number < 0) return {};
  std::uint32_t token = 0;
  const auto& text = details.arch;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), token, 16);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return {};
  const auto arch = arch_from_audit(token, details.number);
  return arch ? syscall_name(*arch, details.number) : std::string_view{};
}

/// Denied while a program is started: what was open before is checked against the new domain.
bool is_exec(std::string_view syscall) { return syscall == "execve" || syscall == "execveat"; }

class Filler {
 public:
  explicit Filler(View& view) : view_(view) {}
  void put(Field field, std::string_view value) {
    if (!value.empty()) view_.values[static_cast<std::size_t>(field)].emplace_back(value);
  }
  void path(std::string_view value) {
    const auto folded = fold_path(value);
    put(Field::kPath, folded);
    put(Field::kName, base_name(folded));
  }
  template <class Enum>
  void perms(FlagSet<Enum> set) {
    for (std::size_t i = 0; i < EnumNames<Enum>::kNames.size(); ++i)
      if (set.has(static_cast<Enum>(i))) put(Field::kPerm, EnumNames<Enum>::kNames[i]);
  }
  void all(Field field, const std::vector<std::string>& words) {
    for (const auto& word : words) put(field, word);
  }
  void number(Field field, std::uint64_t value) {
    if (value != 0) put(field, std::to_string(value));
  }

  void details(const audit::Details& from) {
    number(Field::kPort, from.port);
    if (is_killed(from)) put(Field::kState, "killed");
    if (view_.first(Field::kMechanism) == name_of(Mechanism::kSelinux)) put(Field::kCall, syscall_of(from));
    put(Field::kInfo, from.info);
    put(Field::kRawType, split_context(from.target_raw).type);
    put(Field::kRawType, split_context(from.source_raw).type);
    if (view_.of(Field::kName).empty()) put(Field::kName, fold_path(from.name));
  }

  void operator()(const SyscallOp& op) {
    put(Field::kSyscall, op.name.empty() ? "#" + std::to_string(op.number) : op.name);
    put(Field::kArch, arch_info(op.arch).name);
  }
  void operator()(const FileOp& op) {
    path(op.path);
    perms(op.perms);
    put(Field::kTarget, fold_path(op.target));
    if (op.disconnected) put(Field::kState, "disconnected");
    if (op.inherited) put(Field::kState, "inherited");
  }
  void operator()(const ExecOp& op) {
    path(op.path);
    put(Field::kPerm, "exec");
    put(Field::kTarget, op.transition);
    if (op.setid) put(Field::kState, "setid");
  }
  void operator()(const NetOp& op) {
    put(Field::kAct, name_of(op.act));
    put(Field::kFamily, op.family);
    put(Field::kType, op.type);
    put(Field::kProtocol, op.protocol);
    number(Field::kPort, op.port != 0 ? op.port : op.peer_port);
  }
  void operator()(const UnixOp& op) {
    put(Field::kAct, name_of(op.act));
    put(Field::kFamily, "unix");
    put(Field::kType, op.type);
    path(op.address.empty() ? op.peer_address : op.address);
    put(Field::kPeer, op.peer);
  }
  void operator()(const CapabilityOp& op) { put(Field::kCapability, op.name); }
  void operator()(const SignalOp& op) {
    put(Field::kAct, name_of(op.direction));
    put(Field::kSignal, op.signal);
    put(Field::kPeer, op.peer);
  }
  void operator()(const PtraceOp& op) {
    put(Field::kAct, name_of(op.act));
    put(Field::kPeer, op.peer);
  }
  void operator()(const MountOp& op) {
    put(Field::kAct, name_of(op.act));
    path(op.target);
    put(Field::kTarget, fold_path(op.source));
    put(Field::kFstype, op.fstype);
    all(Field::kFlag, op.flags);
  }
  void operator()(const IoctlOp& op) {
    path(op.path);
    put(Field::kPerm, "ioctl");
    put(Field::kType, op.klass);
  }
  void operator()(const IpcOp& op) {
    put(Field::kAct, name_of(op.kind));
    all(Field::kPerm, op.perms);
    put(Field::kName, op.name);
    put(Field::kBus, op.bus);
    put(Field::kPath, op.path);
    put(Field::kInterface, op.interface);
    put(Field::kMember, op.member);
    put(Field::kPeer, op.peer);
  }
  void operator()(const RlimitOp& op) { put(Field::kResource, op.resource); }
  void operator()(const NamespaceOp& op) {
    put(Field::kAct, name_of(op.act));
    put(Field::kType, op.kind);
  }
  void operator()(const DomainOp& op) {
    put(Field::kAct, op.act);
    put(Field::kTarget, op.target);
    path(op.path);
  }
  void operator()(const AvOp& op) {
    context(op.source, Field::kSourceUser);
    context(op.target, Field::kTargetUser);
    put(Field::kClass, op.klass);
    put(Field::kClassGroup, class_group(op.klass));
    if (op.klass == "tcp_socket" || op.klass == "udp_socket" || op.klass == "sctp_socket" || op.klass == "dccp_socket")
      put(Field::kProtocol, std::string_view(op.klass).substr(0, op.klass.find('_')));
    all(Field::kPerm, op.perms);
    path(op.path);
    capability(op);
  }

 private:
  /// user, role, type and level are four fields in a row.
  void context(std::string_view text, Field user) {
    const auto parts = split_context(text);
    const auto first = static_cast<std::size_t>(user);
    put(user, parts.user);
    put(static_cast<Field>(first + 1), parts.role);
    put(static_cast<Field>(first + 2), parts.type);
    put(static_cast<Field>(first + 3), parts.level);
  }
  /// The permissions of SELinux's capability classes are the capabilities' names.
  void capability(const AvOp& op) {
    if (op.klass.starts_with("capability") || op.klass.starts_with("cap_userns") || op.klass.starts_with("cap2_userns"))
      all(Field::kCapability, op.perms);
  }
  View& view_;
};

std::string_view program_of(const Subject& subject) {
  return subject.exe.empty() ? std::string_view{subject.comm} : base_name(subject.exe);
}

/// The parts of an operation that tell one cause from another, apart from its permissions.
class KeyWriter {
 public:
  KeyWriter(std::string& out, const PathClasses& paths) : out_(out), paths_(paths) {}
  void put(std::string_view part) {
    out_ += part;
    out_ += '\0';
  }
  void operator()(const SyscallOp& op) {
    put(op.name.empty() ? std::to_string(op.number) : op.name);
    put(arch_info(op.arch).name);
  }
  void operator()(const FileOp& op) { put(fold_path(op.path)); }
  void operator()(const ExecOp& op) { put(fold_path(op.path)); }
  void operator()(const NetOp& op) {
    put(op.family);
    put(op.type);
    put(std::to_string(op.port != 0 ? op.port : op.peer_port));
  }
  void operator()(const UnixOp& op) {
    put(op.type);
    put(fold_path(op.address.empty() ? op.peer_address : op.address));
    put(fold_profile(op.peer));
  }
  void operator()(const CapabilityOp& op) { put(op.name); }
  void operator()(const SignalOp& op) {
    put(op.signal);
    put(fold_profile(op.peer));
  }
  void operator()(const PtraceOp& op) { put(fold_profile(op.peer)); }
  void operator()(const MountOp& op) {
    put(fold_path(op.target));
    put(op.fstype);
  }
  void operator()(const IoctlOp& op) { put(fold_path(op.path)); }
  void operator()(const IpcOp& op) {
    put(op.name);
    put(op.interface);
    put(op.member);
    put(fold_profile(op.peer));
  }
  void operator()(const RlimitOp& op) { put(op.resource); }
  void operator()(const NamespaceOp& op) { put(op.kind); }
  void operator()(const DomainOp& op) {
    put(op.act);
    put(op.target);
  }
  void operator()(const AvOp& op) {
    put(split_context(op.source).type);
    put(split_context(op.target).type);
    put(op.klass);
    put(paths_.of(fold_path(op.path)));
  }

 private:
  std::string& out_;
  const PathClasses& paths_;
};

void gather_tests(const Condition& condition, std::vector<std::pair<Field, const std::vector<std::string>*>>& into) {
  const bool about_path = condition.field == Field::kPath || condition.field == Field::kName;
  if (condition.kind == Condition::Kind::kField && about_path) into.emplace_back(condition.field, &condition.globs);
  for (const auto& child : condition.children) gather_tests(child, into);
}

void join(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const auto& word : more) {
    const auto at = std::lower_bound(into.begin(), into.end(), word);
    if (at == into.end() || *at != word) into.insert(at, word);
  }
}

/// Same shape, so the same kind of operation; only the permissions grow.
void join_permissions(Operation& into, const Operation& more) {
  if (into.index() != more.index()) return;
  if (auto* file = std::get_if<FileOp>(&into)) file->perms |= std::get<FileOp>(more).perms;
  if (auto* ipc = std::get_if<IpcOp>(&into)) join(ipc->perms, std::get<IpcOp>(more).perms);
  if (auto* av = std::get_if<AvOp>(&into)) {
    const auto& other = std::get<AvOp>(more);
    join(av->perms, other.perms);
    for (const auto x : other.xperms)
      if (std::find(av->xperms.begin(), av->xperms.end(), x) == av->xperms.end()) av->xperms.push_back(x);
    std::sort(av->xperms.begin(), av->xperms.end());
  }
}

void count_name(std::map<std::string, std::uint64_t>& names, std::string_view name, std::uint64_t count) {
  if (name.empty()) return;
  const auto known = names.find(std::string(name));
  if (known != names.end())
    known->second += count;
  else
    names[names.size() < Shape::kMaxNames ? std::string(name) : std::string()] += count;
}

std::string_view path_of(const Operation& operation) {
  if (const auto* av = std::get_if<AvOp>(&operation)) return av->path;
  if (const auto* file = std::get_if<FileOp>(&operation)) return file->path;
  if (const auto* exec = std::get_if<ExecOp>(&operation)) return exec->path;
  if (const auto* mount = std::get_if<MountOp>(&operation)) return mount->target;
  if (const auto* ioctl = std::get_if<IoctlOp>(&operation)) return ioctl->path;
  return {};
}

bool earlier(const Fact& a, const Fact& b) {
  return std::tie(a.tally.first_ms, a.origin, a.operation) < std::tie(b.tally.first_ms, b.origin, b.operation);
}

}  // namespace

Context split_context(std::string_view context) {
  Context parts;
  for (auto* part : {&parts.user, &parts.role, &parts.type}) {
    const auto colon = context.find(':');
    *part = context.substr(0, colon);
    context = colon == context.npos ? std::string_view{} : context.substr(colon + 1);
  }
  parts.level = context;
  return parts;
}

Field field_named(std::string_view name) {
  const auto at = std::find(kFieldNames.begin(), kFieldNames.end(), name);
  return static_cast<Field>(at - kFieldNames.begin());
}

std::string_view name_of_field(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }

View view_of(const Fact& fact, const audit::Details& details) {
  View view;
  Filler filler(view);
  filler.put(Field::kMechanism, name_of(fact.verdict.by));
  filler.put(Field::kOperation, kind_of(fact.operation));
  filler.put(Field::kOutcome, name_of(fact.verdict.outcome));
  filler.put(Field::kProgram, fold_comm(program_of(fact.subject)));
  filler.put(Field::kExe, fact.subject.exe);
  filler.put(Field::kComm, fact.subject.comm);
  filler.put(Field::kUnit, fact.subject.container);
  filler.put(Field::kError, fact.verdict.error);
  if (fact.verdict.by == Mechanism::kAppArmor) filler.put(Field::kProfile, fact.subject.domain);
  std::visit(filler, fact.operation);
  filler.details(details);
  return view;
}

bool is_denial(const Fact& fact) {
  const bool refused = fact.verdict.outcome == Outcome::kDenied || fact.verdict.outcome == Outcome::kWouldDeny;
  return refused && fact.verdict.by != Mechanism::kNone;
}

PathClasses::PathClasses(const RuleSet& rules) {
  for (const auto& rule : rules.rules) gather_tests(rule.when, tests_);
}

const std::string& PathClasses::of(const std::string& folded) const {
  const auto at = known_.find(folded);
  if (at != known_.end()) return at->second;
  if (known_.size() >= kMaxKnown) known_.clear();
  return known_.emplace(folded, judge(folded)).first->second;
}

std::string PathClasses::judge(const std::string& folded) const {
  std::string out = folded.starts_with("/") ? tree_of(folded) : std::string();
  const auto name = base_name(folded);
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    const auto& [field, globs] = tests_[i];
    const auto value = field == Field::kPath ? std::string_view(folded) : name;
    if (std::any_of(globs->begin(), globs->end(), [&](const auto& glob) { return glob_matches(glob, value); }))
      out += '\2' + std::to_string(i);
  }
  return out;
}

std::string tree_of(std::string_view path) {
  std::size_t end = 0;
  for (int depth = 0; depth < 3 && end != path.npos; ++depth) end = path.find('/', end + 1);
  const auto last = path.rfind('/');
  return std::string(path.substr(0, end != path.npos ? end : last == path.npos ? 0 : last));
}

std::string shape_key(const Fact& fact, const audit::Details& details, const PathClasses& paths) {
  std::string key;
  key.reserve(160);
  KeyWriter writer(key, paths);
  writer.put(name_of(fact.verdict.by));
  writer.put(kind_of(fact.operation));
  writer.put(fold_comm(program_of(fact.subject)));
  if (fact.verdict.by == Mechanism::kAppArmor) writer.put(fold_profile(fact.subject.domain));
  std::visit(writer, fact.operation);
  if (details.port != 0) writer.put(std::to_string(details.port));
  if (is_killed(details)) writer.put("killed");
  if (fact.verdict.by == Mechanism::kSelinux && is_exec(syscall_of(details))) writer.put("exec");
  return key;
}

std::string_view host_of(const Fact& fact) {
  const std::string_view event = fact.origin.event;
  const auto blank = event.rfind(' ');
  return blank == event.npos ? std::string_view{} : event.substr(0, blank);
}

std::string place_key(std::string_view host, std::string_view runs) {
  return std::string(host).append(1, '\0').append(runs);
}

std::pair<std::string_view, std::string_view> place_parts(std::string_view key) {
  const auto end = key.find('\0');
  return end == key.npos ? std::pair{key, std::string_view{}} : std::pair{key.substr(0, end), key.substr(end + 1)};
}

void Shape::add(const Fact& fact, const audit::Details& from, bool counted,
                const std::function<std::string()>& raw_text) {
  const auto times = counted ? std::max<std::uint64_t>(fact.tally.count, 1) : 0;
  const auto first = fact.tally.first_ms;
  const auto last = std::max(fact.tally.last_ms, first);
  if (first != 0 && (first_ms == 0 || first < first_ms)) first_ms = first;
  last_ms = std::max(last_ms, last);
  count += times;
  if (fact.verdict.outcome == Outcome::kDenied) blocked += times;
  count_where(fact, from, times);
  add_path(path_of(fact.operation), times);
  if (times != 0) timeline.add(last, times);
  keep_sample(fact, from, raw_text);
}

void Shape::count_where(const Fact& fact, const audit::Details& from, std::uint64_t times) {
  const auto where = where_of(fact, from);
  const auto& program = fact.subject.exe.empty() ? fact.subject.comm : fact.subject.exe;
  count_name(hosts, where.host, times);
  count_name(units, where.unit, times);
  count_name(containers, where.container, times);
  count_name(programs, program, times);
  if (!where.host.empty() || !where.name().empty())
    count_name(places, place_key(where.host, where.name().empty() ? std::string_view(program) : where.name()), times);
}

void Shape::add_path(std::string_view path, std::uint64_t times) {
  count_name(paths, path, times);
  if (!path.starts_with("/")) {
    pathless += times;
    return;
  }
  if (common.empty()) common = path;
  if (path == common) return;
  several_paths = true;
  if (!is_below(path, common)) common = common_directory(common, path);
}

void Shape::keep_sample(const Fact& fact, const audit::Details& from, const std::function<std::string()>& raw_text) {
  if (samples.empty())
    merged = fact;
  else
    join_permissions(merged.operation, fact.operation);
  if (samples.empty() || earlier(fact, samples.front())) {
    details = from;
    raw = raw_text ? raw_text() : std::string();
  }
  for (const auto& known : samples)
    if (known.operation == fact.operation && known.subject == fact.subject && host_of(known) == host_of(fact)) return;
  if (samples.size() == kMaxSamples && !earlier(fact, samples.back())) return;
  samples.push_back(fact);
  std::sort(samples.begin(), samples.end(), earlier);
  if (samples.size() > kMaxSamples) samples.pop_back();
}

View view_of(const Shape& shape) { return view_of(shape.merged, shape.details); }

void Shape::settle() {
  if (samples.empty()) return;
  Fact first = samples.front();
  join_permissions(first.operation, merged.operation);
  merged = std::move(first);
}

}  // namespace cordon::triage
