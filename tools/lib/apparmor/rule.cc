#include "apparmor/rule.h"

#include <algorithm>
#include <array>

#include "apparmor/text.h"

namespace cordon::apparmor {
namespace {

struct LetterRow {
  FileLetters bit;
  char letter;
};
constexpr auto kLetters = std::to_array<LetterRow>({{kM, 'm'}, {kR, 'r'}, {kW, 'w'}, {kA, 'a'}, {kL, 'l'}, {kK, 'k'}});

constexpr auto kKeywords = std::to_array<std::string_view>(
    {"file", "link", "capability", "network", "unix", "signal", "ptrace", "mount", "remount", "umount", "pivot_root",
     "dbus", "mqueue", "io_uring", "userns", "set rlimit", "change_profile", "all"});

std::string qualifiers(const ProfileRule& rule) {
  std::string out;
  if (rule.priority != 0) out += "priority=" + std::to_string(rule.priority) + " ";
  if (rule.audit) out += "audit ";
  if (rule.deny) out += "deny ";
  if (rule.owner) out += "owner ";
  return out;
}

std::string file_text(const ProfileRule& rule) {
  std::string out = quote_glob(rule.pattern) + " " + letters_text(rule.letters) + rule.exec;
  if (!rule.target.empty()) out += " -> " + quote_value(rule.target);
  return out;
}

std::string spaced(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// (send receive): the access words of the classes that put them in parentheses.
std::string access_text(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? out : " (" + out + ")";
}

std::string list_text(const std::set<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ", ") + quote_value(value);
  return "(" + out + ")";
}

/// Keys whose value the language always reads as a list.
bool is_list_key(std::string_view key) { return key == "set" || key == "options"; }

std::string key_text(const std::string& key, const std::set<std::string>& values) {
  if (key == "option_in") return " options in " + list_text(values);
  if (is_list_key(key) || values.size() > 1) return " " + key + "=" + list_text(values);
  return " " + key + "=" + (values.empty() ? std::string() : quote_value(*values.begin()));
}

std::string keys_text(const ProfileRule& rule) {
  std::string out;
  for (const auto& [key, values] : rule.keys) out += key_text(key, values);
  return out;
}

std::string peer_text(const ProfileRule& rule) {
  if (rule.peer.empty()) return {};
  const bool bare = rule.klass == RuleClass::kSignal || rule.klass == RuleClass::kPtrace;
  if (bare) return " peer=" + quote_value(rule.peer.begin()->second);
  const char* between = rule.klass == RuleClass::kNetwork ? " " : ", ";
  std::string out;
  for (const auto& [key, value] : rule.peer) out += (out.empty() ? "" : between) + key + "=" + quote_value(value);
  return " peer=(" + out + ")";
}

std::string arrow_text(const ProfileRule& rule) {
  return rule.target.empty() ? std::string() : " -> " + quote_glob(rule.target);
}

/// network and capability take bare words; in a network rule the order matters: family, type, protocol.
std::string bare_text(const ProfileRule& rule) {
  std::string out(keyword(rule.klass));
  for (const std::string_view key : {"family", "type", "protocol"}) {
    const auto found = rule.keys.find(std::string(key));
    if (found != rule.keys.end()) out += " " + spaced(found->second);
  }
  if (!rule.words.empty()) out += " " + spaced(rule.words);
  return out;
}

std::string network_text(const ProfileRule& rule) {
  ProfileRule rest = rule;
  for (const char* key : {"family", "type", "protocol"}) rest.keys.erase(key);
  ProfileRule head = rule;
  head.words.clear();
  std::string out(keyword(rule.klass));
  out += access_text(rule.words);
  out += bare_text(head).substr(keyword(rule.klass).size());
  return out + keys_text(rest) + peer_text(rule);
}

std::string rlimit_text(const ProfileRule& rule) { return "set rlimit " + rule.pattern + " <= " + rule.target; }

std::string mount_text(const ProfileRule& rule) {
  std::string out(keyword(rule.klass));
  out += keys_text(rule);
  if (!rule.pattern.empty()) out += " " + quote_value(rule.pattern);
  return out + arrow_text(rule);
}

std::string trailing_name_text(const ProfileRule& rule) {
  std::string out(keyword(rule.klass));
  out += access_text(rule.words) + keys_text(rule);
  if (!rule.pattern.empty()) out += " " + quote_glob(rule.pattern);
  return out + peer_text(rule) + arrow_text(rule);
}

std::string body_text(const ProfileRule& rule) {
  switch (rule.klass) {
    case RuleClass::kFile: return rule.pattern.empty() ? "file" : file_text(rule);
    case RuleClass::kLink:
      return "link " + quote_glob(rule.pattern) + (rule.target.empty() ? "" : " -> " + quote_glob(rule.target));
    case RuleClass::kCapability:
    case RuleClass::kUserns: return bare_text(rule);  // parentheses are an error to apparmor_parser 4.0 to 6.0
    case RuleClass::kNetwork: return network_text(rule);
    case RuleClass::kRlimit: return rlimit_text(rule);
    case RuleClass::kMount:
    case RuleClass::kRemount:
    case RuleClass::kUmount:
    case RuleClass::kPivotRoot: return mount_text(rule);
    default: return trailing_name_text(rule);
  }
}

/// A rule that holds bind to a port below 1024 is compiled for the privileged kind of port alone, which the kernel
/// gives for bind and for nothing else. Source: parser network.cc gen_port_cond_auto_type(), kernel af_inet.c.
bool binds_port(const ProfileRule& rule) {
  return rule.klass == RuleClass::kNetwork && rule.keys.count("port") != 0 && rule.words.count("bind") != 0;
}

void merge_into(ProfileRule& into, const ProfileRule& from) {
  into.letters |= from.letters;
  into.words.insert(from.words.begin(), from.words.end());
  if (into.exec.empty()) into.exec = from.exec;
}

ProfileRule merge_key(const ProfileRule& rule) {
  ProfileRule key = rule;
  key.letters = 0;
  key.words.clear();
  if (key.klass == RuleClass::kFile && key.target.empty()) key.exec.clear();
  return key;
}

}  // namespace

std::string letters_text(FileLetters letters) {
  if ((letters & kW) != 0) letters &= ~FileLetters{kA};
  std::string out;
  for (const LetterRow& row : kLetters)
    if ((letters & row.bit) != 0) out += row.letter;
  return out;
}

std::string_view keyword(RuleClass klass) { return kKeywords[static_cast<std::size_t>(klass)]; }

std::string quote_value(std::string_view escaped) {
  constexpr std::string_view kBreaks = " \t(),=";
  if (!escaped.empty() && escaped.find_first_of(kBreaks) == std::string_view::npos) return std::string(escaped);
  return '"' + std::string(escaped) + '"';
}

std::string to_text(const ProfileRule& rule) { return qualifiers(rule) + body_text(rule) + ","; }

bool mergeable(const ProfileRule& a, const ProfileRule& b) {
  if (a.klass != b.klass) return false;
  // Capabilities stay one a line: a diff of two profiles then shows which one came.
  if (a.klass == RuleClass::kCapability) return a == b;
  if (!a.exec.empty() && !b.exec.empty() && a.exec != b.exec) return false;
  if (binds_port(a) != binds_port(b)) return false;
  return merge_key(a) == merge_key(b);
}

void normalise(std::vector<ProfileRule>& rules) {
  std::map<ProfileRule, std::vector<ProfileRule>> groups;
  for (const ProfileRule& rule : rules) {
    auto& group = groups[merge_key(rule)];
    const auto same =
        std::find_if(group.begin(), group.end(), [&](const auto& other) { return mergeable(other, rule); });
    if (same == group.end())
      group.push_back(rule);
    else
      merge_into(*same, rule);
  }
  rules.clear();
  for (auto& [key, group] : groups) rules.insert(rules.end(), group.begin(), group.end());
  std::sort(rules.begin(), rules.end());
}

}  // namespace cordon::apparmor
