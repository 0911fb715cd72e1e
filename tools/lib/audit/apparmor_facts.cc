#include <algorithm>
#include <array>
#include <utility>

#include "audit/apparmor_record.h"
#include "base/text.h"

/// AppArmor's records as operations. Sources: kernel security/apparmor (audit call-backs of file.c, net.c, ipc.c,
/// mount.c, resource.c, task.c, af_unix.c, mqueue.c), dbus-daemon's apparmor.c.
namespace cordon::audit {
namespace {

using std::string_view;
using Operations = std::vector<Operation>;

struct MaskLetter {
  char letter;
  FilePerm perm;
};
/// The letters of requested_mask and denied_mask. 'x' is an exec only where the operation is one.
constexpr std::array kMaskLetters = std::to_array<MaskLetter>({{'r', FilePerm::kRead},
                                                               {'w', FilePerm::kWrite},
                                                               {'a', FilePerm::kAppend},
                                                               {'c', FilePerm::kCreate},
                                                               {'d', FilePerm::kUnlink},
                                                               {'k', FilePerm::kLock},
                                                               {'l', FilePerm::kLinkTo},
                                                               {'m', FilePerm::kMapExec},
                                                               {'x', FilePerm::kExec}});

/// What was refused; an AUDIT record says only what was asked for.
const std::string& mask_of(const AppArmorRecord& record) {
  return record.first_of({"denied_mask", "denied", "mask", "requested_mask", "requested"});
}

const std::string& mask_of_refusal(const AppArmorRecord& record) {
  return record.first_of({"denied_mask", "denied", "mask"});
}

/// Kernels before 2.6.37 wrote "owner::other".
struct SplitMask {
  std::string letters;
  Owner owner = Owner::kUnknown;
};
SplitMask split_mask(const AppArmorRecord& record) {
  const std::string& mask = mask_of(record);
  if (const std::size_t at = mask.find("::"); at != std::string::npos)
    return at > 0 ? SplitMask{mask.substr(0, at), Owner::kSelf} : SplitMask{mask.substr(2), Owner::kOther};
  const std::string &fsuid = record.get("fsuid"), &ouid = record.get("ouid");
  if (fsuid.empty() || ouid.empty()) return {mask, Owner::kUnknown};
  return {mask, fsuid == ouid ? Owner::kSelf : Owner::kOther};
}

std::vector<std::string> sorted_words(string_view text, string_view separators) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : std::string(text) + separators[0]) {
    if (separators.find(c) == string_view::npos)
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, {}));
  }
  std::sort(words.begin(), words.end());
  return words;
}

bool is_directory(const std::string& name) { return name.size() > 1 && name.back() == '/'; }

Operations file_operations(const AppArmorRecord& record) {
  FileOp op;
  op.path = record.get("name");
  const SplitMask mask = split_mask(record);
  op.owner = mask.owner;
  for (const MaskLetter& row : kMaskLetters)
    if (mask.letters.find(row.letter) != std::string::npos) op.perms |= row.perm;
  op.target = record.first_of({"target", "name2"});
  if (is_directory(op.path)) op.kind = FileKind::kDirectory;
  op.inherited = record.get("operation") == "file_inherit";
  op.disconnected = record.get("info").find("disconnected path") != std::string::npos;
  if (op.path.empty() || op.perms.empty()) return {};
  return {op};
}

Operations exec_operations(const AppArmorRecord& record) {
  ExecOp op;
  op.path = record.get("name");
  op.transition = record.first_of({"target", "name2"});
  if (op.path.empty()) return {};
  return {op};
}

struct ActWord {
  string_view word;
  SocketAct act;
};
constexpr std::array kActs = std::to_array<ActWord>({{"create", SocketAct::kCreate},
                                                     {"bind", SocketAct::kBind},
                                                     {"listen", SocketAct::kListen},
                                                     {"connect", SocketAct::kConnect},
                                                     {"accept", SocketAct::kAccept},
                                                     {"send", SocketAct::kSend},
                                                     {"receive", SocketAct::kReceive},
                                                     {"getopt", SocketAct::kGetopt},
                                                     {"setopt", SocketAct::kSetopt},
                                                     {"getattr", SocketAct::kGetattr},
                                                     {"setattr", SocketAct::kSetattr},
                                                     {"shutdown", SocketAct::kShutdown},
                                                     {"read", SocketAct::kRead},
                                                     {"write", SocketAct::kWrite}});

/// The acts that the record's masks name. Old kernels mediate family and type alone and name none: the descriptor's
/// reading or writing stands for it.
std::vector<SocketAct> acts_of(const AppArmorRecord& record) {
  std::vector<SocketAct> acts;
  for (const std::string& word : sorted_words(mask_of(record), " ,"))
    for (const ActWord& row : kActs)
      if (row.word == word) acts.push_back(row.act);
  if (acts.empty()) acts.push_back(record.get("operation") == "sendmsg" ? SocketAct::kWrite : SocketAct::kRead);
  return acts;
}

std::uint16_t port_of(const std::string& text) { return parse_number<std::uint16_t>(text).value_or(0); }

Operations net_operations(const AppArmorRecord& record) {
  Operations out;
  for (const SocketAct act : acts_of(record)) {
    NetOp op;
    op.act = act;
    op.family = record.get("family");
    op.type = record.get("sock_type");
    op.protocol = protocol_name(record.get("protocol"));
    // saddr and daddr are the call's own addresses and what was decided on; laddr and faddr are the socket's.
    const bool of_call = record.has("saddr") || record.has("src") || record.has("daddr") || record.has("dest");
    op.address = record.get(of_call ? "saddr" : "laddr");
    op.port = port_of(record.get(of_call ? "src" : "lport"));
    op.peer_address = record.get(of_call ? "daddr" : "faddr");
    op.peer_port = port_of(record.get(of_call ? "dest" : "fport"));
    out.push_back(std::move(op));
  }
  return out;
}

std::string unix_address(const std::string& text) { return text == "none" ? std::string() : text; }

Operations unix_operations(const AppArmorRecord& record) {
  Operations out;
  // A kernel that mediates unix sockets by themselves says what it refused; without that nothing is known to be.
  if (record.get("class") == "net" && mask_of_refusal(record).empty()) return out;
  for (const SocketAct act : acts_of(record)) {
    UnixOp op;
    op.act = act;
    op.type = record.get("sock_type");
    op.address = unix_address(record.get("addr"));
    op.peer_address = unix_address(record.get("peer_addr"));
    op.peer = record.first_of({"peer", "peer_profile", "peer_label"});
    out.push_back(std::move(op));
  }
  return out;
}

Operations capability_operations(const AppArmorRecord& record) {
  CapabilityOp op;
  op.name = record.first_of({"capname", "name"});
  op.basis = CapabilityBasis::kLogged;
  if (op.name.empty()) return {};
  return {op};
}

Operations signal_operations(const AppArmorRecord& record) {
  Operations out;
  for (const std::string& word : sorted_words(mask_of(record), " ,")) {
    SignalOp op;
    op.direction = word == "receive" ? Direction::kReceive : Direction::kSend;
    op.signal = record.get("signal");
    op.peer = record.first_of({"peer", "peer_label"});
    out.push_back(std::move(op));
  }
  return out;
}

struct PtraceWord {
  string_view word;
  PtraceAct act;
};
constexpr std::array kPtraceWords = std::to_array<PtraceWord>({{"trace", PtraceAct::kTrace},
                                                               {"tracedby", PtraceAct::kTracedBy},
                                                               {"read", PtraceAct::kRead},
                                                               {"readby", PtraceAct::kReadBy}});

Operations ptrace_operations(const AppArmorRecord& record) {
  Operations out;
  for (const std::string& word : sorted_words(mask_of(record), " ,"))
    for (const PtraceWord& row : kPtraceWords)
      if (row.word == word) {
        PtraceOp op;
        op.act = row.act;
        op.peer = record.first_of({"peer", "peer_label"});
        out.push_back(std::move(op));
      }
  return out;
}

struct MountWord {
  string_view word;
  MountAct act;
};
constexpr std::array kMountWords = std::to_array<MountWord>({{"remount", MountAct::kRemount},
                                                             {"bind", MountAct::kBind},
                                                             {"rbind", MountAct::kBind},
                                                             {"move", MountAct::kMove},
                                                             {"private", MountAct::kPropagation},
                                                             {"rprivate", MountAct::kPropagation},
                                                             {"shared", MountAct::kPropagation},
                                                             {"rshared", MountAct::kPropagation},
                                                             {"slave", MountAct::kPropagation},
                                                             {"rslave", MountAct::kPropagation},
                                                             {"unbindable", MountAct::kPropagation},
                                                             {"runbindable", MountAct::kPropagation}});

MountAct mount_act(const AppArmorRecord& record, const std::vector<std::string>& flags) {
  const std::string& operation = record.get("operation");
  if (operation == "umount") return MountAct::kUmount;
  if (operation == "pivotroot" || operation == "pivot_root") return MountAct::kPivotRoot;
  for (const MountWord& row : kMountWords)
    if (std::find(flags.begin(), flags.end(), row.word) != flags.end()) return row.act;
  return MountAct::kMount;
}

Operations mount_operations(const AppArmorRecord& record) {
  MountOp op;
  op.flags = sorted_words(record.get("flags"), ", ");
  op.act = mount_act(record, op.flags);
  op.source = record.get("srcname");
  op.target = record.get("name");
  op.fstype = record.get("fstype");
  op.data = record.get("options");
  return {op};
}

Operations dbus_operations(const AppArmorRecord& record) {
  IpcOp op;
  op.kind = IpcKind::kDbus;
  op.name = record.get("name");
  op.perms = sorted_words(mask_of(record), " ,");
  op.bus = record.get("bus");
  op.path = record.get("path");
  op.interface = record.get("interface");
  op.member = record.first_of({"member", "method"});  // dbus-broker says method=
  op.peer = record.first_of({"peer_label", "peer_profile"});
  return {op};
}

Operations ipc_operations(const AppArmorRecord& record, IpcKind kind) {
  IpcOp op;
  op.kind = kind;
  op.name = record.get("name");
  op.perms = sorted_words(mask_of(record), " ,");
  op.peer = record.first_of({"peer", "label", "tcontext"});
  return {op};
}

Operations posix_queue(const AppArmorRecord& record) { return ipc_operations(record, IpcKind::kMqueuePosix); }
Operations sysv_queue(const AppArmorRecord& record) { return ipc_operations(record, IpcKind::kMqueueSysv); }
Operations io_uring(const AppArmorRecord& record) { return ipc_operations(record, IpcKind::kIoUring); }

Operations namespace_operations(const AppArmorRecord&) { return {NamespaceOp{NamespaceAct::kCreate, "user"}}; }

Operations rlimit_operations(const AppArmorRecord& record) {
  RlimitOp op;
  op.resource = record.get("rlimit");
  op.value = parse_number<std::uint64_t>(record.get("value")).value_or(~std::uint64_t{0});
  op.raises_hard = true;
  if (op.resource.empty()) return {};
  return {op};
}

Operations domain_operations(const AppArmorRecord& record) {
  DomainOp op;
  op.act = record.get("operation");
  op.target = record.first_of({"target", "name2", "name"});
  if (op.act == "change_onexec" && record.get("name") != op.target) op.path = record.get("name");
  if (op.target.empty()) return {};
  return {op};
}

struct ClassRow {
  string_view operation;  ///< exact, or a prefix that ends in '*'
  string_view klass;      ///< class= where the record has one; empty: any
  Operations (*make)(const AppArmorRecord&);
};
/// The first row that fits decides.
constexpr std::array kClasses = std::to_array<ClassRow>({{"dbus_*", "", &dbus_operations},
                                                         {"*", "posix_mqueue", &posix_queue},
                                                         {"*", "sysv_mqueue", &sysv_queue},
                                                         {"sysv_mqueue", "", &sysv_queue},
                                                         {"*", "io_uring", &io_uring},
                                                         {"uring_*", "", &io_uring},
                                                         {"userns_*", "", &namespace_operations},
                                                         {"capable", "", &capability_operations},
                                                         {"signal", "", &signal_operations},
                                                         {"ptrace", "", &ptrace_operations},
                                                         {"mount", "", &mount_operations},
                                                         {"umount", "", &mount_operations},
                                                         {"remount", "", &mount_operations},
                                                         {"pivotroot", "", &mount_operations},
                                                         {"pivot_root", "", &mount_operations},
                                                         {"setrlimit", "", &rlimit_operations},
                                                         {"change_*", "", &domain_operations},
                                                         {"exec", "", &exec_operations}});

bool fits(string_view pattern, string_view operation) {
  if (pattern.back() != '*') return pattern == operation;
  return operation.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
}

Operations operations_of(const AppArmorRecord& record) {
  const std::string &operation = record.get("operation"), &klass = record.get("class");
  for (const ClassRow& row : kClasses)
    if (fits(row.operation, operation) && (row.klass.empty() || row.klass == klass)) return row.make(record);
  if (record.get("family") == "unix") return unix_operations(record);
  if (record.has("family")) return net_operations(record);
  return file_operations(record);
}

Outcome outcome_of(AppArmorEvent event) {
  if (event == AppArmorEvent::kAllowed) return Outcome::kWouldDeny;
  return event == AppArmorEvent::kAudit ? Outcome::kAllowed : Outcome::kDenied;
}

void take_details(const AppArmorRecord& record, Details& details) {
  details.operation = record.get("operation");
  details.info = record.get("info");
  details.name_space = record.get("namespace");
  details.requested = record.first_of({"requested_mask", "requested"});
  details.denied = record.first_of({"denied_mask", "denied", "mask"});
  details.name = record.get("name");
}

std::string problem_of(const AppArmorRecord& record) {
  if (!record.old_form.empty()) return "a record of the form before key=value (AppArmor 2.0, 2007)";
  if (record.event == AppArmorEvent::kInvalid && record.has("apparmor"))
    return "the record's target= is garbage, as kernels before 4.13 wrote it, or its apparmor= is unknown";
  if (record.event == AppArmorEvent::kInvalid) return "the record does not say whether it was denied";
  if (record.get("operation").empty()) return "the record has no operation=";
  if (record.first_of({"profile", "label"}).empty()) return "the record names no profile";
  return "the record of operation \"" + record.get("operation") + "\" does not say what was refused";
}

}  // namespace

std::optional<Denial> decode_apparmor(const DecisionRecord& from) {
  const AppArmorRecord record = parse_apparmor(from);
  if (record.event == AppArmorEvent::kStatus || record.event == AppArmorEvent::kHint ||
      record.event == AppArmorEvent::kError)
    return std::nullopt;
  Denial denial;
  denial.by = Mechanism::kAppArmor;
  denial.outcome = outcome_of(record.event);
  take_details(record, denial.details);
  const std::string& profile = record.first_of({"profile", "label"});
  Operations operations;
  if (record.event != AppArmorEvent::kInvalid && !profile.empty()) operations = operations_of(record);
  for (Operation& operation : operations) {
    Fact fact;
    fact.subject.exe = record.get("execpath");
    if (fact.subject.exe.empty()) fact.subject.comm = record.get("comm");
    fact.subject.container = record.first_of({"namespace", "container"});
    fact.subject.domain = profile;
    fact.operation = std::move(operation);
    denial.facts.push_back(std::move(fact));
  }
  if (denial.facts.empty()) denial.problem = problem_of(record);
  return denial;
}

}  // namespace cordon::audit
