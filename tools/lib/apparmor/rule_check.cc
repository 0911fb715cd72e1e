#include "apparmor/rule_check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "apparmor/glob.h"
#include "base/text.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

Error wrong(std::string what) { return {ErrorCode::kBadInput, std::move(what), "", ""}; }

/// A class's vocabulary, each list of words separated by blanks. `lone`: words that cannot stand with peer=().
struct ClassRow {
  RuleClass klass;
  std::string_view words;
  std::string_view keys;
  std::string_view peer_keys;
  std::string_view lone;
};
constexpr auto kClasses = std::to_array<ClassRow>({
    // "label:=" sets a label, 5.0.
    {RuleClass::kNetwork,
     "create bind listen accept connect shutdown getattr setattr getopt setopt send receive r w rw wr read write",
     "family type protocol ip port label interface",
     "ip port label label:", "create bind listen shutdown getattr setattr getopt setopt"},
    {RuleClass::kUnix,
     "create bind listen accept connect shutdown getattr setattr getopt setopt send receive r w rw wr read write",
     "type protocol addr label", "addr label", "create bind listen shutdown getattr setattr getopt setopt"},
    {RuleClass::kSignal, "send receive r w rw wr read write", "set", "label", ""},
    {RuleClass::kPtrace, "trace tracedby read readby r w rw wr write", "", "label", ""},
    {RuleClass::kDbus, "send receive bind eavesdrop r w rw wr read write", "bus name path interface member label",
     "name label", "bind eavesdrop"},
    {RuleClass::kMqueue, "create open delete getattr setattr read write r w rw wr", "type label", "", ""},
    {RuleClass::kIoUring, "sqpoll override_creds cmd", "label", "", ""},
    {RuleClass::kUserns, "create", "", "", ""},
});

constexpr std::string_view kModes = "enforce complain kill unconfined prompt default_allow";
using Pair = std::pair<std::string_view, std::string_view>;
constexpr auto kContradictions = std::to_array<Pair>({{"namespace_relative", "chroot_relative"},
                                                      {"attach_disconnected", "no_attach_disconnected"},
                                                      {"chroot_attach", "chroot_no_attach"},
                                                      {"mediate_deleted", "delegate_deleted"}});
/// Mount options that say the opposite.
constexpr auto kOpposites = std::to_array<Pair>({{"ro", "rw"},
                                                 {"suid", "nosuid"},
                                                 {"dev", "nodev"},
                                                 {"exec", "noexec"},
                                                 {"sync", "async"},
                                                 {"mand", "nomand"},
                                                 {"atime", "noatime"},
                                                 {"diratime", "nodiratime"},
                                                 {"acl", "noacl"},
                                                 {"relatime", "norelatime"},
                                                 {"iversion", "noiversion"},
                                                 {"strictatime", "nostrictatime"},
                                                 {"lazytime", "nolazytime"},
                                                 {"user", "nouser"},
                                                 {"symfollow", "nosymfollow"},
                                                 {"verbose", "silent"},
                                                 {"silent", "loud"}});

bool has_word(std::string_view list, std::string_view word) {
  for (const std::string_view one : split(list, ' '))
    if (one == word) return !word.empty();
  return false;
}

bool is_variable(std::string_view value) { return value.find("@{") != std::string_view::npos; }

Result<void> check_port(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto low = parse_number<std::uint16_t>(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parse_number<std::uint16_t>(text.substr(dash + 1));
  if (!low || !high || *high < *low) return wrong("'" + std::string(text) + "' is no port or range of ports");
  return {};
}

/// An address, a range of two of one family, an address with a prefix length, or "none".
Result<void> check_ip(const std::string& text) {
  const auto family = [](std::string_view one) {
    std::array<unsigned char, 16> out{};
    const std::string copy(one);
    return inet_pton(AF_INET, copy.c_str(), out.data()) == 1    ? 4
           : inet_pton(AF_INET6, copy.c_str(), out.data()) == 1 ? 6
                                                                : 0;
  };
  if (text == "none") return {};
  const auto number = [](const std::string& one) {
    std::array<unsigned char, 16> out{};
    if (inet_pton(AF_INET, one.c_str(), out.data()) != 1) inet_pton(AF_INET6, one.c_str(), out.data());
    return out;
  };
  const std::size_t slash = text.find('/'), dash = text.find('-');
  const int first = family(text.substr(0, std::min(slash, dash)));
  bool fine = first != 0;
  if (dash != std::string::npos)
    fine &= family(text.substr(dash + 1)) == first && number(text.substr(0, dash)) <= number(text.substr(dash + 1));
  if (slash != std::string::npos) {
    const auto bits = parse_number<std::uint8_t>(std::string_view(text).substr(slash + 1));
    fine &= bits && *bits <= (first == 4 ? 32 : 128);
  }
  if (!fine) return wrong("'" + text + "' is no address");
  return {};
}

/// A ']' without its '[', which only file names may hold.
bool has_stray_bracket(std::string_view value) {
  bool open = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\')
      ++i;
    else if (value[i] == '[')
      open = true;
    else if (value[i] == ']' && !std::exchange(open, false))
      return true;
  }
  return false;
}

/// A socket's abstract name, a pattern for names, or "none" or "auto".
bool is_address(const std::string& value) {
  constexpr std::string_view kStarts = "@*?[{\\";
  return value == "none" || value == "auto" || (!value.empty() && kStarts.find(value[0]) != std::string_view::npos);
}

Result<void> check_value(RuleClass klass, const std::string& key, const std::string& value) {
  if (is_variable(value)) return {};
  if (!Glob::parse(value)) return wrong("'" + value + "' is not well formed");
  const bool pattern = klass == RuleClass::kDbus || klass == RuleClass::kUnix;
  if (pattern && has_stray_bracket(value)) return wrong("'" + value + "' is not well formed");
  if (key == "addr" && klass == RuleClass::kUnix && !is_address(value))
    return wrong("'" + value + "' is no address of a socket");
  if (key == "port") return check_port(value);
  if (key == "ip") return check_ip(value);
  if (key == "set" && klass == RuleClass::kSignal) {
    const bool fine =
        value == "stp" || value == "exists" || value == "emt" || (value != "lost" && signal_number(value));
    if (!fine) return wrong("'" + value + "' is no signal");
  }
  if (key == "type" && klass == RuleClass::kUnix && !socket_type_number(value) &&
      value.find_first_of("*?[{") == std::string::npos)
    return wrong("'" + value + "' is no type of socket");
  if (key == "type" && klass == RuleClass::kMqueue && value != "posix" && value != "sysv")
    return wrong("'" + value + "' is no type of message queue");
  if (value.empty()) return wrong("'" + key + "=' without a value");
  return {};
}

std::string value_of(const ProfileRule& rule, const char* key) {
  const auto found = rule.keys.find(key);
  return found == rule.keys.end() || found->second.empty() ? std::string() : *found->second.begin();
}

Result<void> check_network(const ProfileRule& rule) {
  const std::string family = value_of(rule, "family"), type = value_of(rule, "type"),
                    protocol = value_of(rule, "protocol");
  const auto known = [](const std::string& word, const auto& number) {
    return word.empty() || is_variable(word) || number.has_value();
  };
  if (!known(family, socket_family_number(family)) || family == "local" || family == "file")
    return wrong("'" + family + "' is no family of addresses");
  if (!known(type, socket_type_number(type))) return wrong("'" + type + "' is no type of socket");
  constexpr auto kTypes = std::to_array<Pair>({{"tcp", "stream"}, {"udp", "dgram"}});
  for (const auto& [word, its] : kTypes)
    if (protocol == word && !type.empty() && type != its)
      return wrong("'" + protocol + "' has no sockets of the type " + type);
  if (protocol != "tcp" && protocol != "udp" && protocol != "icmp" && !protocol.empty())
    return wrong("'" + protocol + "' is no protocol");
  const bool addressed = rule.keys.count("ip") != 0 || rule.keys.count("port") != 0 || rule.peer.count("ip") != 0 ||
                         rule.peer.count("port") != 0;
  if (addressed && !family.empty() && family != "inet" && family != "inet6")
    return wrong("'ip=' and 'port=' are for inet and inet6");
  return {};
}

/// A name is POSIX's and begins with a slash, or System V's and is a number.
Result<void> check_queue(const ProfileRule& rule) {
  const std::string& name = rule.pattern;
  if (name.empty() || is_variable(name) || name.find_first_of("*?[{") == 0) return {};
  const std::string type = value_of(rule, "type");
  const bool path = name[0] == '/', number = name.find_first_not_of("0123456789*?[]{},") == std::string::npos;
  if ((!path && !number) || (path && type == "sysv") || (number && type == "posix"))
    return wrong("'" + name + "' is no name of such a queue");
  return {};
}

/// Which conditions go with which permission.
Result<void> check_bus(const ProfileRule& rule) {
  for (const char* word : {"bind", "eavesdrop"}) {
    if (rule.words.count(word) == 0) continue;
    for (const char* key : {"path", "interface", "member", "name"})
      if (rule.keys.count(key) != 0 && !(std::string_view(word) == "bind" && std::string_view(key) == "name"))
        return wrong("'" + std::string(key) + "=' does not go with '" + word + "'");
  }
  return {};
}

Result<void> check_capability(const ProfileRule& rule) {
  for (const std::string& word : rule.words)
    if (!is_variable(word) && !capability_number(word)) return wrong("'" + word + "' is no capability");
  return {};
}

Result<void> check_class(const ProfileRule& rule) {
  if (rule.klass == RuleClass::kNetwork) return check_network(rule);
  if (rule.klass == RuleClass::kMqueue) return check_queue(rule);
  if (rule.klass == RuleClass::kDbus) return check_bus(rule);
  if (rule.klass == RuleClass::kUnix && rule.words.count("bind") != 0 && rule.keys.count("label") != 0)
    return wrong("'label=' does not go with 'bind'");
  return {};
}

Result<void> check_row(const ProfileRule& rule, const ClassRow& row) {
  for (const std::string& word : rule.words)
    if (!word.empty() && !has_word(row.words, word))
      return wrong("'" + word + "' is no permission of a " + std::string(keyword(rule.klass)) + " rule");
  for (const auto& [key, values] : rule.keys) {
    if (!has_word(row.keys, key))
      return wrong("'" + key + "=' does not belong in a " + std::string(keyword(rule.klass)) + " rule");
    if (values.size() > 1 && key != "set" && key != "label" && key != "member")
      return wrong("'" + key + "=' takes one value");
    for (const std::string& value : values)
      if (const auto fine = check_value(rule.klass, key, value); !fine) return fine;
  }
  for (const auto& [key, value] : rule.peer) {
    if (!has_word(row.peer_keys, key)) return wrong("'" + key + "=' does not belong in peer=()");
    if (const auto fine = check_value(rule.klass, key, value); !fine) return fine;
  }
  if (const auto fine = check_class(rule); !fine) return fine;
  if (rule.peer.empty()) return {};
  for (const std::string& word : rule.words)
    if (has_word(row.lone, word)) return wrong("'" + word + "' has no peer");
  return {};
}

constexpr std::string_view kPropagation =
    "private rprivate shared rshared slave rslave unbindable runbindable make-private make-rprivate make-shared "
    "make-rshared make-slave "
    "make-rslave make-unbindable make-runbindable";
constexpr std::string_view kMountWords =
    "ro r read-only rw w suid nosuid dev nodev exec noexec sync async remount mand nomand dirsync atime noatime "
    "diratime nodiratime "
    "bind B move M rbind R verbose silent loud acl noacl relatime norelatime iversion noiversion strictatime "
    "nostrictatime lazytime "
    "nolazytime user nouser symfollow nosymfollow";

Result<void> check_mount(const ProfileRule& rule) {
  for (const auto& [key, values] : rule.keys) {
    if (!has_word("options options_in option option_in fstype fstype_in vfstype vfstype_in oldroot", key))
      return wrong("'" + key + "=' does not belong in a mount rule");
    if (key.rfind("option", 0) != 0) continue;
    for (const std::string& word : values)
      if (!has_word(kMountWords, word) && !has_word(kPropagation, word) && !is_variable(word))
        return wrong("'" + word + "' is no mount option");
    const bool propagates =
        std::any_of(values.begin(), values.end(), [](const auto& word) { return has_word(kPropagation, word); });
    const bool remounts = rule.klass == RuleClass::kMount && key == "options" && values.count("remount") != 0;
    if (remounts && !rule.pattern.empty() && !rule.target.empty()) return wrong("a remount has no source");
    if (propagates && !rule.pattern.empty() && !rule.target.empty())
      return wrong("a change of propagation has no source");
    for (const auto& [one, other] : kOpposites)
      if (key == "options" && values.count(std::string(one)) != 0 && values.count(std::string(other)) != 0)
        return wrong("'" + std::string(one) + "' and '" + std::string(other) + "' contradict each other");
  }
  return {};
}

/// "{a}" and "{}" have nothing to choose from, "[]" nothing to match.
bool has_lone_alternative(std::string_view pattern) {
  std::vector<bool> commas;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (c == '@' && pattern.substr(i + 1, 1) == "{") {
      i = std::min(pattern.find('}', i), pattern.size());
      if (!commas.empty()) commas.back() = true;  // its values may hold some
    } else if (c == '[') {
      const std::size_t end = pattern.find(']', i + 1);
      if (end == i + 1 || end == std::string_view::npos) return true;
      i = end;
    } else if (c == '{') {
      commas.push_back(false);
    } else if (c == ',' && !commas.empty()) {
      commas.back() = true;
    } else if (c == '}' && !commas.empty()) {
      if (!commas.back()) return true;
      commas.pop_back();
    }
  }
  return false;
}

Result<void> check_qualifiers(const ProfileRule& rule) {
  if (rule.owner && rule.klass != RuleClass::kFile && rule.klass != RuleClass::kLink)
    return wrong("'owner' does not belong before a " + std::string(keyword(rule.klass)) + " rule");
  if (rule.priority < -1000 || rule.priority > 1000) return wrong("a priority lies between -1000 and 1000");
  if (rule.deny && rule.klass == RuleClass::kFile && !rule.exec.empty() && rule.exec != "x")
    return wrong("a deny rule takes 'x' without a transition");
  if (!rule.deny && rule.klass == RuleClass::kFile && rule.exec == "x") return wrong("'x' alone is for deny rules");
  return {};
}

}  // namespace

Result<void> check_rule(const ProfileRule& rule) {
  if (const auto fine = check_qualifiers(rule); !fine) return fine;
  if (rule.klass == RuleClass::kFile && has_lone_alternative(rule.pattern))
    return wrong("'" + rule.pattern + "' is not well formed");
  // Minutes are 'min' there: 'm' is taken for milliseconds by some.
  const bool of_time = rule.klass == RuleClass::kRlimit && (rule.pattern == "rttime" || rule.pattern == "cpu");
  if (of_time && rule.target.ends_with("m")) return wrong("'" + rule.target + "' is no time");
  if (rule.klass == RuleClass::kRlimit && !rlimit_number(rule.pattern))
    return wrong("'" + rule.pattern + "' is no resource");
  if (rule.klass == RuleClass::kCapability) return check_capability(rule);
  for (const ClassRow& row : kClasses)
    if (row.klass == rule.klass) return check_row(rule, row);
  const bool mounts =
      rule.klass == RuleClass::kMount || rule.klass == RuleClass::kRemount || rule.klass == RuleClass::kUmount;
  return mounts ? check_mount(rule) : Result<void>();
}

bool conflicting_exec(const ProfileRule& a, const ProfileRule& b) {
  if (a.klass != b.klass || a.deny || b.deny || a.pattern != b.pattern || a.pattern.empty() || a.priority != b.priority)
    return false;
  if (a.klass == RuleClass::kChangeProfile) return a.target == b.target && a.exec != b.exec;
  return a.klass == RuleClass::kFile && a.owner == b.owner && !a.exec.empty() && !b.exec.empty() &&
         (a.exec != b.exec || a.target != b.target);
}

bool is_permission(RuleClass klass, std::string_view word) {
  return std::any_of(kClasses.begin(), kClasses.end(),
                     [&](const ClassRow& row) { return row.klass == klass && has_word(row.words, word); });
}

bool is_variable_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_word) && (name[0] < '0' || name[0] > '9') &&
         name[0] != '_';
}

namespace {

/// What a flag's value may be. A profile's own signal is one of the plain ones; an error is a name, EACCES and the
/// like.
Result<void> check_flag_value(const std::string& name, const std::string& value) {
  const bool number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
  if (name == "kill.signal" && value != "emt" &&
      (number || !signal_number(value) || value == "lost" || value.starts_with("rt")))
    return wrong("'" + value + "' is no signal");
  if (name == "error" && (number || !errno_number(value))) return wrong("'" + value + "' is no error's name");
  const bool path = name == "attach_disconnected.path" || name == "attach_disconnected.ipc";
  if (path && !value.empty() && value[0] != '/' && value[0] != '@' && value[0] != '"')
    return wrong("'" + value + "' is no absolute path");
  return {};
}

Result<void> check_flag(const std::string& flag) {
  constexpr std::string_view kFlags =
      "audit hat debug attach_disconnected no_attach_disconnected mediate_deleted "
      "delegate_deleted chroot_attach chroot_no_attach chroot_relative namespace_relative chroot_namespace_relative "
      "interruptible";
  const std::size_t equals = flag.find('=');
  const std::string name = flag.substr(0, equals);
  if (flag.empty() || has_word(kFlags, flag) || has_word(kModes, flag)) return {};
  if (!has_word("kill.signal error attach_disconnected.path attach_disconnected.ipc", name))
    return wrong("'" + flag + "' is no flag of a profile");
  return equals == std::string::npos ? Result<void>() : check_flag_value(name, flag.substr(equals + 1));
}

}  // namespace

Result<void> check_flags(const std::vector<std::string>& flags) {
  std::string mode;
  std::vector<std::string> seen;
  for (const std::string& flag : flags) {
    if (const auto fine = check_flag(flag); !fine) return fine;
    if (has_word(kModes, flag)) {
      if (!mode.empty() && mode != flag) return wrong("a profile is either '" + mode + "' or '" + flag + "'");
      mode = flag;
    }
    const bool attaches = flag.starts_with("attach_disconnected.");
    if (attaches && flag.find('=') != std::string::npos)
      for (const std::string& before : seen)
        if (before.substr(0, before.find('=')) == flag.substr(0, flag.find('=')) && before != flag)
          return wrong("'" + before + "' and '" + flag + "' contradict each other");
    seen.push_back(flag);
    if (attaches) seen.emplace_back("attach_disconnected");
  }
  for (const auto& [one, other] : kContradictions)
    if (std::count(seen.begin(), seen.end(), one) != 0 && std::count(seen.begin(), seen.end(), other) != 0)
      return wrong("the flags '" + std::string(one) + "' and '" + std::string(other) + "' contradict each other");
  return {};
}

}  // namespace cordon::apparmor
