#include "apparmor/decide.h"

#include <algorithm>
#include <array>
#include <set>

#include "apparmor/container.h"
#include "apparmor/parser_tool.h"
#include "apparmor/socket_keys.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "apparmor/walk.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/names.h"
#include "policy/needs.h"

namespace cordon::apparmor {
namespace {

Decision allowed(std::string by) { return {Ruling::kAllowed, std::move(by), {}}; }
Decision denied(std::string by, std::string why) { return {Ruling::kDenied, std::move(by), std::move(why)}; }
Decision cannot_tell(std::string why) { return {Ruling::kCannotTell, {}, std::move(why)}; }
Decision not_applicable(std::string why) { return {Ruling::kNotApplicable, {}, std::move(why)}; }

std::string named(const SourceRule* rule) {
  if (rule == nullptr) return {};
  return rule->file + ":" + std::to_string(rule->line) + ": " + printable(rule->text);
}

/// The kernel's numbering of socket permissions. Source: security/apparmor/include/perms.h, net.h.
struct NetBitRow {
  SocketAct act;
  std::uint32_t bit;
};
constexpr auto kNetBits = std::to_array<NetBitRow>({
    {SocketAct::kCreate, 0x10},
    {SocketAct::kBind, 0x200000},
    {SocketAct::kListen, 0x400000},
    {SocketAct::kConnect, 0x40},
    {SocketAct::kAccept, 0x100000},
    {SocketAct::kSend, 0x2},
    {SocketAct::kReceive, 0x4},
    {SocketAct::kGetopt, 0x2000000},
    {SocketAct::kSetopt, 0x1000000},
    {SocketAct::kGetattr, 0x200},
    {SocketAct::kSetattr, 0x100},
    {SocketAct::kShutdown, 0x20},
    {SocketAct::kRead, 0x4},
    {SocketAct::kWrite, 0x2},
});

std::uint32_t net_bit(SocketAct act) {
  for (const NetBitRow& row : kNetBits)
    if (row.act == act) return row.bit;
  return 0;
}

/// Asks one profile. The source, where known, is only for naming the rule.
class Question {
 public:
  Question(const ProfileDecider& decider, const CompiledProfile& profile)
      : decider_(decider), profile_(profile), source_(decider.source_for(profile.name)) {}

  Decision operator()(const FileOp& op) const {
    if (!path_mediated(op)) return not_applicable("the object has no path: AppArmor does not mediate it");
    const FileLetters letters = letters_for(op) & ~(op.target.empty() ? 0U : FileLetters{kX});
    if (op.perms.has(FilePerm::kLinkTo)) return link(op);
    if (letters == 0) return allowed("never refused: looking a name up and reading its attributes");
    const std::string name = mediated_name(op);
    if (name.empty() || name[0] != '/') return cannot_tell("the path is not absolute");
    Decision said = file(name, letters, op.owner);
    if (said.ruling == Ruling::kDenied && op.inherited)
      return allowed("inherited: a file that an unconfined caller opened needs no rule");
    return said;
  }

  Decision operator()(const ExecOp& op) const {
    Decision said = file(op.path, kX, Owner::kUnknown);
    if (said.ruling != Ruling::kAllowed) return said;
    for (const std::string* mapped : {&op.interpreter, &op.loader}) {
      if (mapped->empty() || (*mapped)[0] != '/' || leaves(op.path)) continue;
      Decision map = file(*mapped, kR | kM, Owner::kUnknown);
      if (map.ruling == Ruling::kDenied) return map;
    }
    return said;
  }

  Decision operator()(const NetOp& op) const {
    const auto family = socket_family_number(op.family);
    const auto type = socket_type_number(op.type);
    if (!family || !type) return cannot_tell("unknown family or type: " + op.family + " " + op.type);
    if (!mediates(profile_, PolicyClass::kNetwork)) return not_applicable("the profile's features hold no network");
    const auto keys = socket_keys(op, *family, *type);
    const bool fine = std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
      return (ask_policy(profile_, PolicyClass::kNetwork, key) & net_bit(op.act)) != 0;
    });
    return verdict(fine, source_ == nullptr ? nullptr : source_->network_rule(op),
                   "network " + op.family + " " + op.type);
  }

  Decision operator()(const UnixOp& op) const {
    if (!mediates(profile_, PolicyClass::kNetwork)) return not_applicable("the profile's features hold no network");
    const auto type = socket_type_number(op.type);
    if (!type) return cannot_tell("unknown socket type: " + op.type);
    ProfileRule like;
    like.keys["type"] = {op.type};
    const bool fine = unix_bits(op, static_cast<unsigned>(*type));
    return verdict(fine, RuleClass::kUnix, like, "unix " + op.type);
  }

  Decision operator()(const CapabilityOp& op) const {
    const auto number = capability_number(op.name);
    if (!number) return cannot_tell("unknown capability: " + op.name);
    ProfileRule like;
    like.words.insert(op.name);
    return verdict(ask_capability(profile_, *number), RuleClass::kCapability, like, "capability " + op.name);
  }

  Decision operator()(const SignalOp& op) const {
    const auto number = apparmor_signal(op.signal);
    if (!number) return cannot_tell("unknown signal: " + op.signal);
    const std::uint32_t bit = op.direction == Direction::kSend ? 2 : 4;
    const bool fine = any_peer(op.peer, op.same_program, [&](const std::string& label) {
      return (ask_policy(profile_, PolicyClass::kSignal, std::string(1, static_cast<char>(*number)) + label) & bit) !=
             0;
    });
    ProfileRule like;
    like.words.insert(op.direction == Direction::kSend ? "send" : "receive");
    like.keys["set"] = {op.signal};
    return verdict(fine, RuleClass::kSignal, like, "signal " + op.signal);
  }

  Decision operator()(const PtraceOp& op) const {
    constexpr auto kBits = std::to_array<std::uint32_t>({0x2, 0x8, 0x4, 0x10});
    constexpr auto kWords = std::to_array<const char*>({"trace", "tracedby", "read", "readby"});
    const auto index = static_cast<std::size_t>(op.act);
    const bool fine = any_peer(op.peer, op.same_program, [&](const std::string& label) {
      return (ask_policy(profile_, PolicyClass::kPtrace, label) & kBits[index]) != 0;
    });
    ProfileRule like;
    like.words.insert(kWords[index]);
    return verdict(fine, RuleClass::kPtrace, like, "ptrace");
  }

  Decision operator()(const MountOp& op) const;
  Decision operator()(const IpcOp& op) const;

  Decision operator()(const RlimitOp& op) const {
    const auto number = rlimit_number(op.resource);
    if (!number || *number >= profile_.limits.size() || ((profile_.limited >> *number) & 1) == 0)
      return allowed("the profile sets no limit for " + op.resource);
    if (op.value <= profile_.limits[*number]) return allowed("set rlimit " + op.resource);
    return denied("set rlimit " + op.resource, "the value is above the profile's limit");
  }

  Decision operator()(const NamespaceOp& op) const {
    if (op.kind != "user" || !mediates(profile_, PolicyClass::kUserns))
      return not_applicable("the profile's features do not mediate this namespace");
    constexpr std::uint32_t kCreate = 0x8;  // parser userns.h; kernel AA_USERNS_CREATE
    return verdict((ask_policy(profile_, PolicyClass::kUserns, "") & kCreate) != 0, RuleClass::kUserns, {}, "userns");
  }

  Decision operator()(const DomainOp& op) const {
    if (op.act != "change_profile" && op.act != "change_onexec") return not_applicable("not an AppArmor transition");
    return verdict(ask_change_profile(profile_, op.target), RuleClass::kChangeProfile, {},
                   "change_profile " + op.target);
  }

  template <class Other>
  Decision operator()(const Other&) const {
    return not_applicable("AppArmor has no say in it");
  }

 private:
  Decision file(const std::string& name, FileLetters letters, Owner owner) const {
    const FileAnswer answer = ask_file(profile_, name);
    const FileLetters have = owner == Owner::kSelf ? answer.owner : answer.other;
    const FileLetters missing = letters & ~have;
    if (missing == 0) return allowed(file_rule(name, letters, owner == Owner::kSelf));
    const std::string what = letters_text(missing & ~FileLetters{kX}) + ((missing & kX) != 0 ? "x" : "");
    if (owner != Owner::kOther && (letters & ~answer.owner) == 0)
      return owner == Owner::kUnknown
                 ? cannot_tell("only an owner rule gives '" + what + "', and the owner is not known")
                 : allowed(file_rule(name, letters, true));
    const SourceRule* deny = source_ == nullptr ? nullptr : source_->file_rule(name, missing, owner == Owner::kSelf);
    const bool by_deny = deny != nullptr && deny->rule.deny;
    if ((letters & ~answer.owner) == 0)
      return denied("no rule", "only an owner rule gives '" + what + "', and the file is another's");
    return denied(by_deny ? named(deny) : "no rule", "'" + what + "' is not granted on " + printable(name));
  }

  std::string file_rule(const std::string& name, FileLetters letters, bool owner) const {
    if (source_ == nullptr) return "compiled automaton";
    const SourceRule* rule = source_->file_rule(name, letters, owner);
    return rule == nullptr ? "several rules together" : named(rule);
  }

  Decision link(const FileOp& op) const {
    const bool fine = op.target.empty() ? (ask_file(profile_, op.path).owner & kL) != 0
                                        : ask_link(profile_, op.path, op.target, op.owner == Owner::kSelf);
    if (fine) return allowed(file_rule(op.path, kL, true));
    return denied("no rule", "no link from " + printable(op.path) + " to " + printable(op.target));
  }

  /// True if executing the file leaves the profile: what it maps is then another profile's business.
  bool leaves(const std::string& path) const {
    return ask_file(profile_, path).other_exec.kind != ExecAnswer::Kind::kInherit;
  }

  Decision verdict(bool fine, RuleClass klass, const ProfileRule& like, const std::string& what) const {
    return verdict(fine, source_ == nullptr ? nullptr : source_->rule(klass, like), what);
  }

  Decision verdict(bool fine, const SourceRule* rule, const std::string& what) const {
    if (fine) return allowed(rule == nullptr ? "compiled automaton" : named(rule));
    const bool by_deny = rule != nullptr && rule->rule.deny;
    return denied(by_deny ? named(rule) : "no rule", what + " is not granted");
  }

  static std::optional<unsigned> apparmor_signal(const std::string& name) {
    if (name == "exists") return 35;
    const auto number = signal_number(name);
    if (!number) return std::nullopt;
    return *number >= 32 ? 128U + static_cast<unsigned>(*number - 32) : static_cast<unsigned>(*number);
  }

  /// Recordings know the peer's program, not its label: this profile's for the run's own programs, else unconfined.
  template <class Ask>
  bool any_peer(const std::string& peer, bool same_program, const Ask& ask) const {
    if (same_program) return ask(profile_.name);
    if ((!peer.empty() && ask(peer)) || ask("unconfined")) return true;
    const auto called = decider_.profiles_of_label(peer);
    return std::any_of(called.begin(), called.end(),
                       [&](const CompiledProfile* profile) { return ask(profile->name); });
  }

  Decision queue(const IpcOp& op) const;
  Decision ring(const IpcOp& op) const;
  bool unix_bits(const UnixOp& op, unsigned type) const;
  std::uint32_t mount_bits(const std::string& target, const std::string& source, const std::string& fstype,
                           std::uint64_t flags) const;

  const ProfileDecider& decider_;
  const CompiledProfile& profile_;
  const RuleIndex* source_;
};

/// The layout of a socket's key: address family, type, protocol, local address NUL label NUL, then a command byte.
/// Source: the af_unix mediation's match (unix_match in the AppArmor kernel tree), parser af_unix.cc.
bool Question::unix_bits(const UnixOp& op, unsigned type) const {
  const std::string nul(1, '\0');
  const auto address = [&](const std::string& text) {
    return text.empty() || text[0] != '@' ? std::string(1, '\x01') : nul + text.substr(1);
  };
  const std::string protocol = big_endian16(1) + big_endian16(type) + big_endian16(0);
  const std::uint32_t bit = net_bit(op.act);
  const auto ask = [&](const std::string& key) {
    return (ask_policy(profile_, PolicyClass::kNetwork, key) & bit) != 0;
  };
  if (op.act == SocketAct::kCreate) return ask(protocol);
  if ((!op.address.empty() && op.address[0] == '/') || (!op.peer_address.empty() && op.peer_address[0] == '/'))
    return (ask_policy(profile_, PolicyClass::kNetwork, protocol.substr(0, 4)) & bit) != 0;
  const std::string local = protocol + address(op.address) + nul + nul;
  switch (op.act) {
    case SocketAct::kListen: return ask(local + "\x02" + big_endian16(0));
    case SocketAct::kGetopt:
    case SocketAct::kSetopt: return ask(local + "\x04" + big_endian16(0));
    case SocketAct::kConnect:
    case SocketAct::kSend:
    case SocketAct::kReceive:
    case SocketAct::kRead:
    case SocketAct::kWrite: {
      const std::string peer = local + "\x01" + address(op.peer_address) + nul;
      return ask(peer + (op.peer.empty() ? profile_.name : op.peer)) || (op.peer.empty() && ask(peer + "unconfined"));
    }
    case SocketAct::kBind: return ask(local) || (op.address.empty() && ask(protocol + nul + nul));
    default: return ask(local);
  }
}

/// Source: security/apparmor/mount.c match_mnt_flags: one byte for each flag that is set.
std::string flag_bytes(std::uint64_t flags) {
  std::string out;
  for (unsigned bit = 0; bit < 32; ++bit)
    if (((flags >> bit) & 1) != 0) out += static_cast<char>(bit + 1);
  return out;
}

std::uint32_t Question::mount_bits(const std::string& target, const std::string& source, const std::string& fstype,
                                   std::uint64_t flags) const {
  const std::string nul(1, '\0');
  return ask_policy(profile_, PolicyClass::kMount, target + nul + source + nul + fstype + nul + flag_bytes(flags));
}

Decision Question::operator()(const MountOp& op) const {
  if (!mediates(profile_, PolicyClass::kMount)) return not_applicable("the profile's features hold no mounts");
  std::uint64_t flags = 0;
  for (const std::string& word : op.flags)
    if (const auto number = mount_flag_number(word)) flags |= *number;
  // The kernel's name of a directory ends in a slash; the recording's may not: both are asked.
  const auto variants = [](const std::string& path) {
    std::vector<std::string> out{path};
    if (!path.empty() && path.back() != '/') out.push_back(path + "/");
    return out;
  };
  constexpr std::uint64_t kRemountFlag = 0x20, kBindFlag = 0x1000, kMoveFlag = 0x2000;
  bool fine = false;
  for (const std::string& target : variants(op.target)) {
    switch (op.act) {
      case MountAct::kUmount: fine |= (ask_policy(profile_, PolicyClass::kMount, target) & 4) != 0; break;
      case MountAct::kRemount: fine |= (mount_bits(target, "", "", flags | kRemountFlag) & 2) != 0; break;
      case MountAct::kPropagation: fine |= (mount_bits(target, "", "", flags) & 2) != 0; break;
      case MountAct::kMount: fine |= (mount_bits(target, op.source, op.fstype, flags) & 2) != 0; break;
      case MountAct::kBind:
        for (const std::string& source : variants(op.source))
          fine |= (mount_bits(target, source, "", (flags & 0x4000) | kBindFlag) & 2) != 0;
        break;
      case MountAct::kMove:
        for (const std::string& source : variants(op.source))
          fine |= (mount_bits(target, source, "", kMoveFlag) & 2) != 0;
        break;
      case MountAct::kPivotRoot:
        for (const std::string& old : variants(op.source))
          fine |= (ask_policy(profile_, PolicyClass::kMount, target + std::string(1, '\0') + old) & 1) != 0;
        break;
    }
  }
  return verdict(fine, RuleClass::kMount, {}, "mount on " + printable(op.target));
}

struct QueueBitRow {
  std::string_view word;
  std::uint32_t bit;
};
/// Source: parser mqueue.h. System V's words stand beside those of the rules.
constexpr auto kQueueBits = std::to_array<QueueBitRow>({{"write", 0x2},
                                                        {"read", 0x4},
                                                        {"create", 0x10},
                                                        {"delete", 0x20},
                                                        {"destroy", 0x20},
                                                        {"open", 0x40},
                                                        {"associate", 0x40},
                                                        {"setattr", 0x100},
                                                        {"getattr", 0x200}});

/// POSIX: the queue's name, with its slash. System V: the key's four bytes, the highest first. Where a rule names the
/// queue's label, NUL and that follow. Source: parser mqueue.cc.
Decision Question::queue(const IpcOp& op) const {
  const bool posix = op.kind == IpcKind::kMqueuePosix;
  const PolicyClass klass = posix ? PolicyClass::kPosixMqueue : PolicyClass::kSysvMqueue;
  if (!mediates(profile_, klass)) return not_applicable("the profile's features hold no such queues");
  const auto number = parse_number<std::uint32_t>(op.name);
  if (!posix && !number) return cannot_tell("the queue's key is not known");
  const std::string key = posix ? op.name : big_endian16(*number >> 16) + big_endian16(*number & 0xffff);
  std::uint32_t have = ask_policy(profile_, klass, key);
  if (!op.peer.empty()) have |= ask_policy(profile_, klass, key + std::string(1, '\0') + op.peer);
  ProfileRule like;
  like.words.insert(op.perms.begin(), op.perms.end());
  for (const std::string& word : op.perms) {
    const auto* row = std::find_if(kQueueBits.begin(), kQueueBits.end(), [&](const auto& r) { return r.word == word; });
    if (row == kQueueBits.end()) return cannot_tell("unknown permission of a queue: " + word);
    if ((have & row->bit) == 0) return verdict(false, RuleClass::kMqueue, like, "mqueue " + word);
  }
  return verdict(true, RuleClass::kMqueue, like, "mqueue");
}

/// The key is the label of the credentials that are taken on, empty for a ring's own thread. Source: parser io_uring.h.
Decision Question::ring(const IpcOp& op) const {
  if (!mediates(profile_, PolicyClass::kIoUring)) return not_applicable("the profile's features hold no io_uring");
  const std::uint32_t have = ask_policy(profile_, PolicyClass::kIoUring, op.peer);
  ProfileRule like;
  for (const std::string& word : op.perms) {
    const std::uint32_t bit = word == "sqpoll" ? 0x10 : word == "override_creds" ? 0x8 : 0;
    if (bit == 0) continue;  // a ring of its own is never refused
    like.words.insert(word);
    if ((have & bit) == 0) return verdict(false, RuleClass::kIoUring, like, "io_uring " + word);
  }
  return verdict(true, RuleClass::kIoUring, like, "io_uring");
}

Decision Question::operator()(const IpcOp& op) const {
  const std::string nul(1, '\0');
  if (op.kind == IpcKind::kDbus) {
    if (!mediates(profile_, PolicyClass::kDbus)) return not_applicable("the profile's features hold no D-Bus");
    const std::string bus = op.bus.empty() ? "system" : op.bus;
    bool fine = true;
    for (const std::string& word : op.perms) {
      const std::string peer = op.peer.empty() ? "unconfined" : op.peer;
      const std::string message =
          bus + nul + op.name + nul + peer + nul + op.path + nul + op.interface + nul + op.member;
      if (word == "bind")
        fine &= (ask_policy(profile_, PolicyClass::kDbus, bus + nul + op.name) & 0x40) != 0;
      else if (word == "eavesdrop")
        fine &= (ask_policy(profile_, PolicyClass::kDbus, bus) & 0x20) != 0;
      else
        fine &= (ask_policy(profile_, PolicyClass::kDbus, message) & (word == "send" ? 2U : 4U)) != 0;
    }
    return verdict(fine, RuleClass::kDbus, {}, "dbus");
  }
  if (op.kind == IpcKind::kMqueuePosix || op.kind == IpcKind::kMqueueSysv) return queue(op);
  if (op.kind == IpcKind::kIoUring) return ring(op);
  return not_applicable("the profile's features do not mediate it");
}

}  // namespace

ProfileDecider::ProfileDecider(std::vector<CompiledProfile> profiles, std::vector<SourceProfile> source)
    : profiles_(std::move(profiles)), source_(std::move(source)) {
  for (const SourceProfile& one : source_) index_.emplace_back(one);
}

Decision ProfileDecider::decide(const Fact& fact) {
  if (!container_) return decide_as_named(fact);
  if (is_runtime_program(fact.subject.exe))
    return not_applicable("the container's set-up by the runtime, outside of its profile");
  Fact inside = fact;
  std::size_t stripped = 0;
  inside.operation = within_container(std::move(inside.operation), stripped);
  inside.subject.exe = within_container(inside.subject.exe);
  return decide_as_named(inside);
}

Decision ProfileDecider::decide_as_named(const Fact& fact) const {
  const auto candidates = profiles_for(fact.subject);
  if (candidates.empty())
    return not_applicable("the subject runs under another profile: " + printable(fact.subject.domain));
  const auto needed = needed_operation(fact);
  if (!needed) return not_applicable("mode bits refused it first, with the same errno");
  Decision first = std::visit(Question(*this, *candidates.front()), *needed);
  for (std::size_t i = 1; i < candidates.size() && first.ruling == Ruling::kDenied; ++i) {
    Decision other = std::visit(Question(*this, *candidates[i]), *needed);
    if (other.ruling == Ruling::kAllowed) return other;
  }
  return first;
}

Result<std::unique_ptr<ProfileDecider>> read_profile_text(std::string_view text, const std::string& where,
                                                          Diagnostics& diagnostics) {
  CompileOptions compile;
  compile.dialect = dialect_of(text);
  const auto compiled = compile_text(text, compile);
  if (!compiled) return compiled.error();
  auto profiles = unpack_policy(compiled->blob);
  if (!profiles) return profiles.error();
  auto source = read_source(text, where, {}, diagnostics);
  std::vector<SourceProfile> known;
  if (source) known = std::move(*source);
  return std::make_unique<ProfileDecider>(std::move(*profiles), std::move(known));
}

Result<std::unique_ptr<ProfileDecider>> read_profiles(const std::vector<std::string>& paths,
                                                      const BackendOptions& options, Diagnostics& diagnostics) {
  std::vector<CompiledProfile> profiles;
  std::vector<SourceProfile> source;
  for (const std::string& path : paths) {
    const auto text = read_file(path);
    if (!text) return text.error();
    CompileOptions compile;
    compile.dialect = dialect_of(*text);
    const auto abi = options.values.find("abi");
    if (abi != options.values.end()) compile.dialect = dialect_named(abi->second).value_or(compile.dialect);
    const auto compiled = compile_file(path, compile);
    if (!compiled) return compiled.error();
    if (!compiled->warnings.empty()) diagnostics.warn("apparmor_parser: " + printable(compiled->warnings), path);
    auto unpacked = unpack_policy(compiled->blob);
    if (!unpacked) return unpacked.error();
    std::move(unpacked->begin(), unpacked->end(), std::back_inserter(profiles));
    auto rules = read_source(*text, path, {}, diagnostics);
    if (rules)
      std::move(rules->begin(), rules->end(), std::back_inserter(source));
    else
      diagnostics.note("decisions name no line: " + to_text(rules.error()), path);
  }
  auto decider = std::make_unique<ProfileDecider>(std::move(profiles), std::move(source));
  decider->set_container(is_container(options.platform));
  return decider;
}

}  // namespace cordon::apparmor
