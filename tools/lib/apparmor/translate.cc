#include "apparmor/translate.h"

#include <algorithm>
#include <array>

#include "apparmor/rule_check.h"
#include "apparmor/socket_keys.h"
#include "apparmor/text.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

/// Where ownership tells programs apart. Elsewhere a read is not made to depend on it: system files belong to root
/// whoever learns, and a service that drops its user id after learning as root would lose its libraries.
constexpr auto kPrivateTrees =
    std::to_array<std::string_view>({"/home/", "/root/", "/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/proc/"});

bool in_private_tree(std::string_view path) {
  return std::any_of(kPrivateTrees.begin(), kPrivateTrees.end(),
                     [&](std::string_view tree) { return path.substr(0, tree.size()) == tree; });
}

bool owner_matters(const FileOp& op, FileLetters letters, const TranslateContext& context) {
  if (op.owner != Owner::kSelf) return false;
  return context.from_log || (letters & (kW | kA | kK)) != 0 || in_private_tree(op.path);
}

Translation exactly(std::vector<ProfileRule> rules) { return {std::move(rules), {}}; }
Translation nothing_needed() { return {}; }
Translation cannot(std::string why) { return {{}, {Fit::kNone, std::move(why)}}; }
Translation wider(ProfileRule rule, std::string why) { return {{std::move(rule)}, {Fit::kWider, std::move(why)}}; }

bool is_absolute(std::string_view path) { return !path.empty() && path[0] == '/'; }

bool is_link(const FileOp& op) { return op.perms.has(FilePerm::kLinkTo); }

/// Shapes in the place of an operation's names; null: the name itself.
struct Shapes {
  const PathPattern* name = nullptr;
  const PathPattern* target = nullptr;
};

/// "**" matches a directory's slash as well; a slash behind it would leave all but directories out.
bool ends_open(const PathPattern* shape) {
  return shape != nullptr && !shape->parts.empty() && shape->parts.back().alphabet == Alphabet::kAny;
}

std::string glob_of(const PathPattern* shape, const std::string& name) {
  return shape != nullptr ? pattern_glob(*shape) : escape_name(name);
}

ProfileRule link_rule(const FileOp& op, const Shapes& shapes, const TranslateContext& context) {
  ProfileRule rule;
  rule.pattern = glob_of(shapes.name, op.path);
  rule.owner = op.owner == Owner::kSelf;
  if (context.from_log || op.target.empty()) {
    rule.letters = kL;
    return rule;
  }
  rule.klass = RuleClass::kLink;
  rule.target = glob_of(shapes.target, op.target);
  return rule;
}

ProfileRule file_rule(std::string glob, FileLetters letters, bool owner) {
  ProfileRule rule;
  rule.pattern = std::move(glob);
  rule.letters = letters & ~FileLetters{kX};
  rule.owner = owner;
  if ((letters & kX) != 0) {
    rule.exec = "ix";
    rule.letters |= kR | kM;
  }
  return rule;
}

std::string file_fit_why(const FileOp& op) {
  const FilePerms w_alone =
      FilePerm::kCreate | FilePerm::kUnlink | FilePerm::kSetattr | FilePerm::kSymlink | FilePerm::kRenameTo;
  if (op.perms.has_any(w_alone) && !op.perms.has_any(FilePerm::kWrite | FilePerm::kTruncate))
    return "creating, removing and changing attributes hang on 'w', which also lets the content be written";
  if (op.perms.has(FilePerm::kConnect)) return "connecting to a socket by its path needs 'rw' on it";
  return {};
}

Translation translate_file(const FileOp& op, const Shapes& shapes, const TranslateContext& context) {
  if (!path_mediated(op) || op.inherited) return nothing_needed();
  if (!is_absolute(op.path)) {
    if (op.perms.empty()) return nothing_needed();
    return cannot("the path is not absolute: only attach_disconnected in the profile's flags reaches it");
  }
  // An x in the denial of a link is the link's subset test, not an execution.
  FileLetters letters = letters_for(op);
  if (!op.target.empty()) letters &= ~FileLetters{kX};
  Translation out;
  if (is_link(op)) out.rules.push_back(link_rule(op, shapes, context));
  if (letters != 0) {
    std::string glob = glob_of(shapes.name, op.path);
    if (mediated_name(op).size() > op.path.size() && !ends_open(shapes.name)) glob += '/';
    out.rules.push_back(file_rule(std::move(glob), letters, owner_matters(op, letters, context)));
  }
  if (std::string why = file_fit_why(op); !why.empty()) out.expression = {Fit::kWider, std::move(why)};
  if (shapes.name != nullptr && !pattern_is_exact_glob(*shapes.name))
    out.expression = {Fit::kWider, "the shape's length cannot be counted in the profile language"};
  return out;
}

Translation translate_exec(const ExecOp& op, const PathPattern* pattern, const TranslateContext& context) {
  if (!is_absolute(op.path)) return cannot("the program's path is not absolute");
  std::vector<ProfileRule> rules;
  rules.push_back(file_rule(pattern != nullptr ? pattern_glob(*pattern) : escape_name(op.path), kX, false));
  // The kernel opens these for execve, and the new image's mappings of them are checked.
  for (const std::string* mapped : {&op.interpreter, &op.loader})
    if (is_absolute(*mapped) && !context.from_log) rules.push_back(file_rule(escape_name(*mapped), kR | kM, false));
  return exactly(std::move(rules));
}

void put(ProfileRule& rule, const char* key, const std::string& value) {
  if (!value.empty()) rule.keys[key] = {value};
}

/// Without a port of its own side, a rule with a peer is compiled to let any peer through: the part for its own side
/// then fits the peer's bytes too, and the kernel stops at the first part that gives the permission. All ports say the
/// side. Source: apparmor_parser 5.0 to 6.0 network.cc gen_net_rule(); kernel af_inet.c match_addr_label().
constexpr const char* kAnyPort = "0-65535";

void put_local(ProfileRule& rule, const NetOp& op) {
  put(rule, "ip", op.address);
  if (op.port != 0) put(rule, "port", std::to_string(op.port));
}

void put_peer(ProfileRule& rule, const NetOp& op) {
  if (!op.peer_address.empty()) rule.peer["ip"] = op.peer_address;
  if (op.peer_port != 0) rule.peer["port"] = std::to_string(op.peer_port);
}

/// What a recording's act on an internet socket comes to: whose address the rule holds, and which permissions go along.
/// A connection's own port is chance on one side, so each side's rule names the other's only. Attributes are asked for
/// without addresses. Source: apparmor.d(5) of 4.1, Network rules.
struct InetRow {
  SocketAct act;
  std::string_view words;
  bool local;
  bool peer;
};
constexpr auto kInetRows = std::to_array<InetRow>({
    {SocketAct::kCreate, "create getattr setattr getopt setopt shutdown", false, false},
    {SocketAct::kBind, "bind", true, false},
    {SocketAct::kListen, "listen", true, false},
    {SocketAct::kAccept, "accept", true, false},
    {SocketAct::kConnect, "connect send receive", false, true},
    {SocketAct::kSend, "send", false, true},
    {SocketAct::kReceive, "receive", false, false},
});

bool is_inet(const NetOp& op) { return op.family == "inet" || op.family == "inet6"; }

void add_words(std::set<std::string>& words, std::string_view list) {
  for (const std::string_view word : split(list, ' ')) words.emplace(word);
}

/// The rules for an act of a recording in a dialect that holds internet sockets to their addresses.
Translation translate_inet(const NetOp& op, ProfileRule rule) {
  const auto* row = std::find_if(kInetRows.begin(), kInetRows.end(), [&](const InetRow& r) { return r.act == op.act; });
  if (row == kInetRows.end()) row = kInetRows.begin();
  add_words(rule.words, row->words);
  // A datagram socket is read without a peer being known, and an accepted one lives on the listener's port.
  ProfileRule traffic = rule;
  const bool datagrams = op.act == SocketAct::kCreate && op.type != "stream";
  if (datagrams) rule.words.insert("receive");
  if (row->local) put_local(rule, op);
  if (row->peer) {
    put_peer(rule, op);
    if (!rule.peer.empty()) put(rule, "port", kAnyPort);
  }
  // What goes over a connection is asked for without the peer, which send(2) does not name.
  if (op.act == SocketAct::kConnect && !rule.peer.empty()) {
    traffic.words = {"send", "receive"};
    put(traffic, "port", kAnyPort);
    traffic.peer["ip"] = "none";
    return exactly({rule, traffic});
  }
  if (op.act != SocketAct::kAccept) return exactly({rule});
  traffic.words = {"send", "receive"};
  if (op.port != 0) put(traffic, "port", std::to_string(op.port));
  return exactly({rule, traffic});
}

/// A log that names no access word (file_perm before the classes) is carried as read.
bool has_access_word(const NetOp& op) { return op.act != SocketAct::kRead && op.act != SocketAct::kWrite; }

Translation translate_net(const NetOp& op, const TranslateContext& context) {
  ProfileRule rule;
  rule.klass = RuleClass::kNetwork;
  put(rule, "family", op.family);
  put(rule, "type", op.type);
  if (context.addresses && !context.from_log && is_inet(op)) return translate_inet(op, std::move(rule));
  const bool fine = context.from_log && context.addresses && dialect_info(context.dialect).network_addresses;
  if (fine) {
    put_local(rule, op);
    put_peer(rule, op);
    if (has_access_word(op)) rule.words.insert(act_word(op.act));
  }
  const bool named = !op.address.empty() || op.port != 0 || !op.peer_address.empty() || op.peer_port != 0;
  if (fine || !named) return exactly({rule});
  return wider(rule, "a network rule of this dialect names family and type, not addresses and ports");
}

/// What goes with an act: attributes and options with a socket's making, traffic with a connection.
void add_companions(std::set<std::string>& words, SocketAct act) {
  if (act == SocketAct::kConnect || act == SocketAct::kAccept) words.insert({"send", "receive"});
  if (act == SocketAct::kCreate) words.insert({"getattr", "getopt", "setattr", "setopt", "shutdown"});
}

bool has_peer(SocketAct act) {
  return act == SocketAct::kConnect || act == SocketAct::kAccept || act == SocketAct::kSend ||
         act == SocketAct::kReceive || act == SocketAct::kRead || act == SocketAct::kWrite;
}

/// "@name" with its bytes escaped; unnamed sockets have none.
std::string unix_address(const std::string& address) {
  if (address.empty() || address[0] != '@') return {};
  return "@" + escape_name(std::string_view(address).substr(1));
}

/// Both ends of a pair are the program's own.
ProfileRule pair_rule(const UnixOp& op, const TranslateContext& context) {
  ProfileRule rule;
  rule.klass = RuleClass::kUnix;
  put(rule, "type", op.type);
  rule.words = {"send", "receive"};
  rule.peer["label"] = escape_name(context.profile);
  return rule;
}

Translation translate_unix(const UnixOp& op, const TranslateContext& context) {
  const bool by_path = is_absolute(op.address) || is_absolute(op.peer_address);
  // A socket with a path is held by the file rule, once its making is allowed.
  if (by_path && op.act != SocketAct::kCreate && !context.from_log) return nothing_needed();
  ProfileRule rule;
  rule.klass = RuleClass::kUnix;
  put(rule, "type", op.type);
  rule.words.insert(act_word(op.act));
  if (!context.from_log) add_companions(rule.words, op.act);
  put(rule, "addr", unix_address(op.address));
  // A rule with a peer cannot grant create, bind, listen, options or attributes.
  const std::string peer = has_peer(op.act) ? unix_address(op.peer_address) : std::string();
  if (!peer.empty()) rule.peer["addr"] = peer;
  if (op.act != SocketAct::kCreate || context.from_log || context.profile.empty()) return exactly({rule});
  return exactly({rule, pair_rule(op, context)});
}

/// Logs name the peer's profile; recordings its program, which is a path.
bool is_label(const std::string& peer, const TranslateContext& context) {
  return context.from_log || context.labels || (!peer.empty() && peer[0] != '/');
}

std::string peer_label(const std::string& peer, bool same_program, const TranslateContext& context) {
  if (same_program) return escape_name(context.profile);
  if (is_label(peer, context)) return escape_name(peer);
  return "unconfined";
}

/// The profile language says "stp" where signal(7) says TSTP.
std::string signal_word(const std::string& name) { return name == "tstp" ? "stp" : name; }

Translation translate_signal(const SignalOp& op, const TranslateContext& context) {
  ProfileRule rule;
  rule.klass = RuleClass::kSignal;
  // Between programs of one profile the kernel asks that profile both ways.
  if (op.same_program || op.direction == Direction::kSend) rule.words.insert("send");
  if (op.same_program || op.direction == Direction::kReceive) rule.words.insert("receive");
  put(rule, "set", signal_word(op.signal));
  if (const std::string peer = peer_label(op.peer, op.same_program, context); !peer.empty()) rule.peer["label"] = peer;
  if (is_label(op.peer, context) || op.same_program) return exactly({rule});
  return {{rule}, {Fit::kNarrower, "the peer is taken to be unconfined: its profile was not recorded"}};
}

constexpr auto kPtraceWords = std::to_array<std::string_view>({"trace", "tracedby", "read", "readby"});

Translation translate_ptrace(const PtraceOp& op, const TranslateContext& context) {
  ProfileRule rule;
  rule.klass = RuleClass::kPtrace;
  rule.words.insert(std::string(kPtraceWords[static_cast<std::size_t>(op.act)]));
  if (const std::string peer = peer_label(op.peer, op.same_program, context); !peer.empty()) rule.peer["label"] = peer;
  if (is_label(op.peer, context) || op.same_program) return exactly({rule});
  return {{rule}, {Fit::kNarrower, "the peer is taken to be unconfined: its profile was not recorded"}};
}

/// Directories carry a slash in the kernel's name for them; a recording's path does not say which it is.
std::string mount_point(const std::string& path, const TranslateContext& context) {
  if (path.empty() || path.back() == '/' || context.from_log) return escape_name(path);
  return escape_name(path) + "{,/}";
}

std::set<std::string> mount_options(const MountOp& op) {
  std::set<std::string> options(op.flags.begin(), op.flags.end());
  constexpr auto kCommands =
      std::to_array<std::string_view>({"bind", "rbind", "move", "private", "rprivate", "shared", "rshared", "slave",
                                       "rslave", "unbindable", "runbindable"});
  const bool is_command = std::any_of(kCommands.begin(), kCommands.end(),
                                      [&](std::string_view word) { return options.count(std::string(word)) != 0; });
  if (options.count("ro") == 0 && !is_command) options.insert("rw");
  options.erase("remount");
  // Bits without a word of mount(8) cannot be said; a recursion without bind or propagation means nothing.
  std::erase_if(options, [](const std::string& word) { return word == "rec" || word.substr(0, 2) == "0x"; });
  return options;
}

RuleClass mount_class(MountAct act) {
  switch (act) {
    case MountAct::kRemount: return RuleClass::kRemount;
    case MountAct::kUmount: return RuleClass::kUmount;
    case MountAct::kPivotRoot: return RuleClass::kPivotRoot;
    default: return RuleClass::kMount;
  }
}

ProfileRule pivot_rule(const MountOp& op, const TranslateContext& context) {
  ProfileRule rule;
  rule.klass = RuleClass::kPivotRoot;
  if (!op.source.empty()) rule.keys["oldroot"] = {mount_point(op.source, context)};
  rule.pattern = mount_point(op.target, context);
  return rule;
}

Translation translate_mount(const MountOp& op, const TranslateContext& context) {
  if (op.act == MountAct::kPivotRoot) return exactly({pivot_rule(op, context)});
  ProfileRule rule;
  rule.klass = mount_class(op.act);
  const std::string point = mount_point(op.target, context);
  if (op.act == MountAct::kUmount || op.act == MountAct::kRemount || op.act == MountAct::kPropagation) {
    rule.pattern = op.act == MountAct::kPropagation ? "" : point;
    if (op.act == MountAct::kPropagation) rule.target = point;
    if (op.act != MountAct::kUmount) rule.keys["options"] = mount_options(op);
    return exactly({rule});
  }
  put(rule, "fstype", op.act == MountAct::kMount ? escape_name(op.fstype) : std::string());
  rule.keys["options"] = mount_options(op);
  const bool source_is_path = op.act == MountAct::kBind || op.act == MountAct::kMove;
  rule.pattern = source_is_path ? mount_point(op.source, context) : escape_name(op.source);
  rule.target = point;
  if (op.data.empty()) return exactly({rule});
  return wider(rule, "the file system's own options are not held to those seen");
}

Translation translate_dbus(const IpcOp& op) {
  ProfileRule rule;
  rule.klass = RuleClass::kDbus;
  rule.words.insert(op.perms.begin(), op.perms.end());
  put(rule, "bus", op.bus);
  if (rule.words == std::set<std::string>{"eavesdrop"})
    return exactly({rule});  // apparmor_parser takes nothing but a bus there
  const bool bind = rule.words.count("bind") != 0;
  if (bind) put(rule, "name", escape_name(op.name));
  put(rule, "path", escape_name(op.path));
  put(rule, "interface", escape_name(op.interface));
  put(rule, "member", escape_name(op.member));
  if (!op.peer.empty() && !bind) rule.peer["label"] = escape_name(op.peer);
  return exactly({rule});
}

/// What System V's calls are called in the rules of queues.
std::string queue_word(const std::string& word) {
  if (word == "associate") return "open";
  return word == "destroy" ? "delete" : word;
}

/// No dialect's abi file holds System V queues: only where a log shows that the kernel does is there a rule to write.
Translation translate_mqueue(const IpcOp& op, const TranslateContext& context) {
  const bool held = op.kind == IpcKind::kMqueuePosix || context.from_log;
  if (!dialect_info(context.dialect).mqueue || !held) return nothing_needed();
  ProfileRule rule;
  rule.klass = RuleClass::kMqueue;
  for (const std::string& word : op.perms) rule.words.insert(queue_word(word));
  put(rule, "type", op.kind == IpcKind::kMqueuePosix ? "posix" : "sysv");
  rule.pattern = escape_name(op.name);
  return exactly({rule});
}

Translation translate_io_uring(const IpcOp& op, const TranslateContext& context) {
  if (!dialect_info(context.dialect).io_uring) return nothing_needed();
  ProfileRule rule;
  rule.klass = RuleClass::kIoUring;
  for (const std::string& word : op.perms)
    if (word == "sqpoll" || word == "override_creds" || word == "cmd") rule.words.insert(word);
  if (rule.words.empty()) return nothing_needed();
  if (!op.peer.empty()) rule.keys["label"] = {escape_name(op.peer)};
  return exactly({rule});
}

Translation translate_ipc(const IpcOp& op, const TranslateContext& context) {
  switch (op.kind) {
    case IpcKind::kDbus: return translate_dbus(op);
    case IpcKind::kMqueuePosix:
    case IpcKind::kMqueueSysv: return translate_mqueue(op, context);
    case IpcKind::kIoUring: return translate_io_uring(op, context);
    default: return nothing_needed();
  }
}

Translation translate_namespace(const NamespaceOp& op, const TranslateContext& context) {
  if (op.kind != "user" || op.act != NamespaceAct::kCreate || !dialect_info(context.dialect).userns)
    return nothing_needed();
  ProfileRule rule;
  rule.klass = RuleClass::kUserns;
  rule.words.insert("create");
  return exactly({rule});
}

/// Stacking a profile is a change to "&NAME". A hat needs no rule, only to be there.
Translation translate_domain(const DomainOp& op) {
  const bool stacks = op.act == "stack";
  if (!stacks && op.act != "change_profile" && op.act != "change_onexec") return nothing_needed();
  ProfileRule rule;
  rule.klass = RuleClass::kChangeProfile;
  if (!op.path.empty()) rule.pattern = escape_name(op.path);
  rule.target = (stacks ? "&" : "") + escape_name(op.target);
  return exactly({rule});
}

/// The kernel holds a program only to limits that its profile sets: a recording shows none, a denial one to raise.
/// Source: security/apparmor/resource.c aa_task_setrlimit.
Translation translate_rlimit(const RlimitOp& op, const TranslateContext& context) {
  if (!context.from_log || op.resource.empty()) return nothing_needed();
  ProfileRule rule;
  rule.klass = RuleClass::kRlimit;
  rule.pattern = op.resource;
  rule.target = op.value == ~std::uint64_t{0} ? "infinity" : std::to_string(op.value);
  return exactly({rule});
}

Translation translate_capability(const CapabilityOp& op) {
  ProfileRule rule;
  rule.klass = RuleClass::kCapability;
  rule.words.insert(op.name);
  return exactly({rule});
}

/// One overload per kind of operation; what AppArmor has no say in needs nothing.
struct Visitor {
  Shapes shapes;
  const TranslateContext& context;
  Translation operator()(const FileOp& op) const { return translate_file(op, shapes, context); }
  Translation operator()(const ExecOp& op) const { return translate_exec(op, shapes.name, context); }
  Translation operator()(const NetOp& op) const { return translate_net(op, context); }
  Translation operator()(const UnixOp& op) const { return translate_unix(op, context); }
  Translation operator()(const CapabilityOp& op) const { return translate_capability(op); }
  Translation operator()(const SignalOp& op) const { return translate_signal(op, context); }
  Translation operator()(const PtraceOp& op) const { return translate_ptrace(op, context); }
  Translation operator()(const MountOp& op) const { return translate_mount(op, context); }
  Translation operator()(const IpcOp& op) const { return translate_ipc(op, context); }
  Translation operator()(const NamespaceOp& op) const { return translate_namespace(op, context); }
  Translation operator()(const RlimitOp& op) const { return translate_rlimit(op, context); }
  Translation operator()(const DomainOp& op) const { return translate_domain(op); }
  template <class Other>
  Translation operator()(const Other&) const {
    return nothing_needed();
  }
};

/// Records and traces may hold any words: a family, a capability or a signal that there is not would break the profile,
/// or say something else there. Files' names are quoted.
Translation translated(const Operation& operation, const Visitor& visitor) {
  Translation translation = std::visit(visitor, operation);
  for (const ProfileRule& rule : translation.rules) {
    if (rule.klass == RuleClass::kFile) continue;
    if (const auto fine = check_rule(rule); !fine) return cannot("no rule can say it: " + printable(fine.error().what));
  }
  return translation;
}

}  // namespace

Translation translate(const Operation& operation, const TranslateContext& context) {
  return translated(operation, Visitor{{}, context});
}

Translation translate(const Grant& grant, const TranslateContext& context) {
  const Shapes shapes{grant.pattern ? &*grant.pattern : nullptr,
                      grant.target_pattern ? &*grant.target_pattern : nullptr};
  TranslateContext its_own = context;
  // Recordings give no domain but a hat's.
  its_own.labels |= !grant.subject.domain.empty() && !grant.subject.domain.starts_with('^');
  return translated(grant.operation, Visitor{shapes, its_own});
}

}  // namespace cordon::apparmor
