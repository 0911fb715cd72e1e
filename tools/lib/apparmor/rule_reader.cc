#include "apparmor/rule_reader.h"

#include <algorithm>
#include <array>

#include "apparmor/data.h"
#include "apparmor/rule_check.h"
#include "apparmor/syntax.h"
#include "base/text.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

Error wrong(std::string what) { return {ErrorCode::kBadInput, std::move(what), "", ""}; }

/// The words that remain to be read.
class Cursor {
 public:
  /// Blanks round a '=' mean nothing: "port = 1" is "port=1".
  explicit Cursor(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const bool joins =
          !words_.empty() && (word == "=" || (words_.back().ends_with("=") && !words_.back().ends_with("<=") &&
                                              word != "(" && word != ")"));
      if (joins)
        words_.back() += word;
      else
        words_.push_back(word);
    }
  }
  bool done() const { return at_ >= words_.size(); }
  const std::string& peek() const {
    static const std::string none;
    return done() ? none : words_[at_];
  }
  std::string take() { return done() ? std::string() : words_[at_++]; }
  bool accept(std::string_view word) {
    if (done() || words_[at_] != word) return false;
    ++at_;
    return true;
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

constexpr auto kExecModes =
    std::to_array<std::string_view>({"ix",  "ux",  "Ux",  "px",  "Px",  "cx",  "Cx",  "pix", "Pix", "cix",
                                     "Cix", "pux", "PUx", "cux", "CUx", "Pux", "pUx", "Cux", "cUx", "x"});

/// The words before a rule, each at its place: priority, audit, what is decided, whose files, how it executes.
struct QualifierRow {
  std::string_view word;
  int place;
};
constexpr auto kQualifiers = std::to_array<QualifierRow>({{"audit", 1},
                                                          {"quiet", 1},
                                                          {"deny", 2},
                                                          {"allow", 2},
                                                          {"prompt", 2},
                                                          {"owner", 3},
                                                          {"other", 3},
                                                          {"safe", 4},
                                                          {"unsafe", 4}});

Result<void> qualifier_words(Cursor& in, ProfileRule& rule) {
  int place = -1;
  while (!in.done()) {
    const std::string word = in.peek();
    if (word.substr(0, 9) == "priority=") {
      const std::size_t sign = word.substr(9, 1) == "+" ? 1 : 0;
      const auto number = parse_number<std::int32_t>(std::string_view(word).substr(9 + sign));
      if (!number || place >= 0) return wrong("'" + word + "' is no priority, or not the first word");
      rule.priority = *number;
      place = 0;
      in.take();
      continue;
    }
    const auto* row =
        std::find_if(kQualifiers.begin(), kQualifiers.end(), [&](const QualifierRow& q) { return q.word == word; });
    if (row == kQualifiers.end()) return {};
    if (row->place <= place) return wrong("'" + word + "' stands too late");
    place = row->place;
    rule.audit |= word == "audit";
    rule.deny |= word == "deny";
    rule.owner |= word == "owner";
    if (word == "unsafe") rule.words.insert(word);
    in.take();
  }
  return {};
}

bool is_name(const std::string& word) {
  return !word.empty() && (word[0] == '/' || word[0] == '@' || word[0] == '"' || word[0] == '{');
}

Result<ProfileRule> finish_file(Cursor& in, ProfileRule rule, const std::string& name, const std::string& mode) {
  const auto read = read_mode(mode);
  if (!read) return wrong("'" + mode + "' is no file mode");
  rule.pattern = unquoted(name);
  rule.letters = read->letters;
  rule.exec = read->exec;
  if (in.accept("->")) {
    if (in.done()) return wrong("'->' without a target");
    rule.target = unquoted(in.take());
  }
  if (!in.done()) return wrong("'" + in.peek() + "' is one word too many");
  return rule;
}

Result<ProfileRule> read_file_rule(Cursor& in, ProfileRule rule) {
  rule.klass = RuleClass::kFile;
  if (in.done()) return rule;
  const std::string first = in.take();
  if (in.done()) return wrong("a file rule needs a name and a mode");
  const std::size_t end = first.starts_with("@{") ? first.find('}') : std::string::npos;
  if (end != std::string::npos && first.substr(end + 1, 1) == "+")
    return wrong("'+' behind a variable adds to it: write [+]");
  const std::string second = in.take();
  if (is_name(first)) return finish_file(in, std::move(rule), first, second);
  if (!is_name(second)) return wrong("'" + first + "' starts no rule");
  auto read = finish_file(in, std::move(rule), second, first);
  // In front of the name, '->' would mean a link's name to 'l' and a profile to what is executed.
  if (read && (read->letters & kL) != 0 && !read->exec.empty() && !read->target.empty())
    return wrong("'" + first + "' with a target stands behind the name");
  return read;
}

Result<ProfileRule> read_link(Cursor& in, ProfileRule rule) {
  rule.klass = RuleClass::kLink;
  if (in.accept("subset")) rule.words.insert("subset");
  if (!is_name(in.peek())) return wrong("a link rule needs a name");
  rule.pattern = unquoted(in.take());
  if (!in.accept("->")) return wrong("a link rule needs '->' and the name that it may lead to");
  if (in.done()) return wrong("'->' without a target");
  rule.target = unquoted(in.take());
  return in.done() ? Result<ProfileRule>(rule) : wrong("'" + in.peek() + "' is one word too many");
}

/// ( word, word ) or a single word.
std::set<std::string> read_list(Cursor& in) {
  std::set<std::string> out;
  if (!in.accept("(")) {
    out.insert(unquoted(in.take()));
    return out;
  }
  while (!in.done() && !in.accept(")"))
    if (const std::string word = in.take(); word != ",") {
      const std::string_view bare = trim(word);
      std::string_view cut = bare.substr(0, bare.size() - (bare.back() == ',' ? 1 : 0));
      for (const std::string_view part : split(cut, ','))
        if (!part.empty()) out.insert(unquoted(part));
    }
  return out;
}

/// peer=( key=value key=(list) … ) or peer=value.
Result<void> read_peer(Cursor& in, ProfileRule& rule, const std::string& inline_value) {
  if (!rule.peer.empty()) return wrong("'peer=' for the second time");
  if (!inline_value.empty()) {
    rule.peer["label"] = unquoted(inline_value);
    return {};
  }
  if (!in.accept("(")) return wrong("peer= without a value");
  while (!in.done() && !in.accept(")")) {
    const std::string word = in.take();
    if (word == ",") continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return wrong("'" + word + "' in peer=()");
    std::string value = word.substr(equals + 1);
    if (value.empty()) {
      if (in.peek() == "(")
        value = join({*read_list(in).begin()}, ",");
      else
        value = in.take();
    }
    if (!value.empty() && value.back() == ',') value.pop_back();
    rule.peer[word.substr(0, equals)] = unquoted(value);
  }
  return {};
}

/// key=value, key=(list), key in (list); anything else is left to the class.
Result<bool> read_key(Cursor& in, ProfileRule& rule) {
  const std::string word = in.peek();
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || word[0] == '"' || word[0] == '/' || word[0] == '@') return false;
  in.take();
  std::string key = word.substr(0, equals);
  std::string value = word.substr(equals + 1);
  if (key.empty()) return wrong("'=' without a name before it");
  if (key == "peer") {
    if (const auto read = read_peer(in, rule, value); !read) return read.error();
    return true;
  }
  if (value.empty() && in.done()) return wrong("'" + key + "=' without a value");
  // These add up; the others can be said once.
  const bool adds_up = key == "set" || key == "options" || key == "option" || key == "fstype" || key == "vfstype";
  if (rule.keys.count(key) != 0 && !adds_up) return wrong("'" + key + "=' for the second time");
  rule.keys[key].merge(value.empty() ? read_list(in) : std::set<std::string>{unquoted(value)});
  return true;
}

struct KeywordRow {
  std::string_view word;
  RuleClass klass;
  bool access_words;  ///< bare words are permissions
  bool takes_name;    ///< a name or pattern may stand in it
  bool takes_arrow;
};
constexpr auto kKeywordRows = std::to_array<KeywordRow>({
    {"unix", RuleClass::kUnix, true, false, false},
    {"signal", RuleClass::kSignal, true, false, false},
    {"ptrace", RuleClass::kPtrace, true, false, false},
    {"dbus", RuleClass::kDbus, true, false, false},
    {"mqueue", RuleClass::kMqueue, true, true, false},
    {"io_uring", RuleClass::kIoUring, true, false, false},
    {"userns", RuleClass::kUserns, true, false, false},
    {"mount", RuleClass::kMount, false, true, true},
    {"remount", RuleClass::kRemount, false, true, false},
    {"umount", RuleClass::kUmount, false, true, false},
    {"unmount", RuleClass::kUmount, false, true, false},
    {"pivot_root", RuleClass::kPivotRoot, false, true, true},
    {"all", RuleClass::kAll, false, false, false},
});

/// Access words, keys, a name and an arrow in any order that the class allows.
Result<ProfileRule> read_keyword_rule(Cursor& in, ProfileRule rule, const KeywordRow& row) {
  rule.klass = row.klass;
  while (!in.done()) {
    if (in.accept(",")) continue;
    if (row.takes_arrow && in.accept("->")) {
      if (in.done()) return wrong("'->' without a target");
      rule.target = unquoted(in.take());
      continue;
    }
    if (in.peek() == "options" || in.peek() == "option" || in.peek() == "fstype" || in.peek() == "vfstype") {
      std::string key = in.take();
      if (!in.accept("in") && !in.accept("=")) return wrong("'" + key + "' needs '=' or 'in'");
      if (in.peek() != "(" && in.peek().find(',') != std::string::npos)
        return wrong("'" + in.peek() + "' wants parentheses");
      rule.keys[key + "_in"] = read_list(in);
      continue;
    }
    const auto key = read_key(in, rule);
    if (!key) return key.error();
    if (*key) continue;
    // A second permission wants parentheses round both.
    const bool name =
        row.takes_name && in.peek() != "(" && rule.pattern.empty() && !is_permission(row.klass, in.peek());
    if (row.access_words && !name && in.peek() != "(" && !rule.words.empty())
      return wrong("'" + in.peek() + "' beside another permission, without parentheses");
    if (name)
      rule.pattern = unquoted(in.take());
    else if (row.access_words)
      rule.words.merge(read_list(in));
    else
      return wrong("'" + in.peek() + "' does not belong in this rule");
  }
  return rule;
}

Result<ProfileRule> read_network(Cursor& in, ProfileRule rule) {
  rule.klass = RuleClass::kNetwork;
  if (in.peek() == "(") rule.words = read_list(in);
  static constexpr auto kOrder = std::to_array<const char*>({"family", "type", "protocol"});
  std::size_t place = 0;
  while (!in.done()) {
    const auto key = read_key(in, rule);
    if (!key) return key.error();
    if (*key) continue;
    const std::string word = in.take();
    if (is_permission(RuleClass::kNetwork, word)) {
      rule.words.insert(word);
      continue;
    }
    if (place == 0 && !socket_family_number(word)) place = socket_type_number(word) ? 1 : 2;
    if (place == 1 && !socket_type_number(word)) place = 2;
    if (place >= kOrder.size()) return wrong("'" + word + "' is one word too many");
    rule.keys[kOrder[place++]] = {word};
  }
  return rule;
}

Result<ProfileRule> read_capability(Cursor& in, ProfileRule rule) {
  rule.klass = RuleClass::kCapability;
  while (!in.done()) {
    if (!capability_number(in.peek())) return wrong("'" + in.peek() + "' is no capability");
    rule.words.insert(in.take());
  }
  return rule;
}

Result<ProfileRule> read_rlimit(Cursor& in, ProfileRule rule) {
  rule.klass = RuleClass::kRlimit;
  in.accept("rlimit");
  rule.pattern = in.take();
  if (rule.pattern == "ofile") rule.pattern = "nofile";
  if (!rlimit_number(rule.pattern)) return wrong("'" + rule.pattern + "' is no resource");
  if (!in.accept("<=")) return wrong("a limit needs '<='");
  while (!in.done()) rule.target += (rule.target.empty() ? "" : " ") + in.take();
  return rule.target.empty() ? Result<ProfileRule>(wrong("a limit without a value")) : Result<ProfileRule>(rule);
}

Result<ProfileRule> read_change_profile(Cursor& in, ProfileRule rule) {
  rule.klass = RuleClass::kChangeProfile;
  const bool unsafe = in.accept("unsafe");
  const bool checked = unsafe || in.accept("safe");
  if (unsafe) rule.exec = "unsafe";
  if (checked && (in.done() || in.peek() == "->"))
    return wrong("'safe' and 'unsafe' want the program that is executed");
  if (!in.done() && in.peek() != "->") rule.pattern = unquoted(in.take());
  if (in.accept("->")) {
    if (in.done()) return wrong("'->' without a target");
    rule.target = unquoted(in.take());
  }
  return in.done() ? Result<ProfileRule>(rule) : wrong("'" + in.peek() + "' is one word too many");
}

}  // namespace

std::optional<FileMode> read_mode(std::string_view word) {
  FileMode mode;
  constexpr std::string_view kExecLetters = "ipucxPUCXI";
  std::string exec;
  for (const char c : word) {
    if (kExecLetters.find(c) != std::string_view::npos) {
      exec += c == 'X' ? 'x' : c == 'I' ? 'i' : c;
      if (exec.back() != 'x') continue;
      // The same transition may be said twice; two different ones may not.
      if (!mode.exec.empty() && mode.exec != exec) return std::nullopt;
      mode.exec = exec;
      exec.clear();
      continue;
    }
    const FileLetters letter =
        exec.empty() ? letters_from(std::string(1, c == 'R' || c == 'W' || c == 'M' ? static_cast<char>(c + 32) : c))
                     : 0;
    if (letter == 0) return std::nullopt;
    mode.letters |= letter;
  }
  const bool known =
      mode.exec.empty() || std::find(kExecModes.begin(), kExecModes.end(), mode.exec) != kExecModes.end();
  const bool both = (mode.letters & kW) != 0 && (mode.letters & kA) != 0;
  if (word.empty() || !exec.empty() || !known || both) return std::nullopt;
  return mode;
}

namespace {

Result<ProfileRule> read_by_keyword(Cursor& in, ProfileRule rule) {
  if (in.accept("file")) {
    if (in.accept("unsafe"))
      rule.words.insert("unsafe");
    else
      in.accept("safe");
    return read_file_rule(in, std::move(rule));
  }
  if (in.accept("link")) return read_link(in, std::move(rule));
  if (in.accept("capability")) return read_capability(in, std::move(rule));
  if (in.accept("network")) return read_network(in, std::move(rule));
  if (in.accept("set") || in.accept("rlimit")) return read_rlimit(in, std::move(rule));
  if (in.accept("change_profile")) return read_change_profile(in, std::move(rule));
  for (const KeywordRow& row : kKeywordRows)
    if (in.accept(row.word)) return read_keyword_rule(in, std::move(rule), row);
  return read_file_rule(in, std::move(rule));
}

}  // namespace

Result<ProfileRule> read_rule(const std::vector<std::string>& words) {
  Cursor in(words);
  ProfileRule rule;
  if (const auto read = qualifier_words(in, rule); !read) return read.error();
  if (in.done()) return wrong("an empty rule");
  auto read = read_by_keyword(in, std::move(rule));
  if (!read) return read;
  // "unsafe Px" keeps the environment, as "px" does.
  if (read->klass == RuleClass::kFile && read->words.erase("unsafe") != 0 && !read->exec.empty())
    read->exec.front() = static_cast<char>(read->exec.front() | 0x20);
  if (const auto fine = check_rule(*read); !fine) return fine.error();
  return read;
}

}  // namespace cordon::apparmor
