#include "selinux/context_matcher.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "base/fd.h"
#include "base/text.h"

namespace cordon::selinux {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";  // isspace(3) in the C locale
constexpr std::string_view kStemEnders = ".^$?*+|[({";

/// What follows the plain text at a line's start, where it needs no regular expression.
enum class Tail : std::uint8_t { kNothing, kAnything, kSomething, kTree, kExpression };

constexpr std::pair<std::string_view, Tail> kTails[] = {
    {"", Tail::kNothing}, {".*", Tail::kAnything}, {".+", Tail::kSomething}, {"(/.*)?", Tail::kTree}};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t start = line.find_first_not_of(kBlanks);
    if (start == line.npos) return out;
    line.remove_prefix(start);
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// label_file.h, get_stem_from_spec: the first component, if it is plain and others follow.
std::size_t stem_length(std::string_view regex) {
  const std::size_t slash = regex.empty() ? regex.npos : regex.find('/', 1);
  if (slash == regex.npos || regex.substr(0, slash).find_first_of(kStemEnders) != regex.npos) return 0;
  return slash;
}

/// label_file.h, spec_hasMetaChars.
bool has_meta(std::string_view regex) {
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\')
      ++i;
    else if (kStemEnders.find(regex[i]) != kStemEnders.npos)
      return true;
  }
  return false;
}

/// True if "|" stands outside of brackets: then no text need stand at the start of what matches.
bool has_alternatives(std::string_view regex) {
  int depth = 0;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\')
      ++i;
    else if (regex[i] == '(' || regex[i] == '[')
      ++depth;
    else if (regex[i] == ')' || regex[i] == ']')
      --depth;
    else if (regex[i] == '|' && depth <= 0)
      return true;
  }
  return false;
}

struct Start {
  std::string text;      ///< what every match starts with
  std::size_t used = 0;  ///< how much of the expression says so
};

Start start_of(std::string_view regex) {
  Start out;
  const std::size_t stem = stem_length(regex);
  if (has_alternatives(regex)) return {std::string(regex.substr(0, stem)), stem};
  while (out.used < regex.size()) {
    const bool escaped = regex[out.used] == '\\';
    const std::size_t at = out.used + (escaped ? 1 : 0);
    if (at >= regex.size()) break;
    if (escaped ? is_alphanumeric(regex[at]) : kStemEnders.find(regex[at]) != kStemEnders.npos || regex[at] == ')')
      break;
    const char next = at + 1 < regex.size() ? regex[at + 1] : '\0';
    if (next == '?' || next == '*' || next == '+' || next == '{') break;  // the quantifier is this character's
    out.text += regex[at];
    out.used = at + 1;
  }
  return out;
}

Tail tail_of(std::string_view rest) {
  for (const auto& [text, tail] : kTails)
    if (text == rest) return tail;
  return Tail::kExpression;
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

/// label_file.h, compile_regex: what comes after the stem, anchored by a leading ^ and a trailing $.
Code compile(std::string_view rest) {
  std::string anchored = "^";
  anchored.append(rest);
  anchored += '$';
  int error = 0;
  std::size_t offset = 0;
  return Code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(anchored.data()), anchored.size(), PCRE2_DOTALL, &error,
                            &offset, nullptr));
}

std::optional<std::vector<std::pair<std::string, std::string>>> read_aliases(const std::string& path) {
  std::vector<std::pair<std::string, std::string>> out;
  auto text = read_file(path, ContextMatcher::kMaxBytes);
  if (!text) return out;  // it need not be there
  for (const std::string_view line : split(*text, '\n')) {
    const auto fields = fields_of(line);
    if (fields.empty() || fields[0].starts_with('#')) continue;
    if (fields.size() < 2) return std::nullopt;
    out.emplace_back(fields[0], fields[1]);
  }
  return out;
}

}  // namespace

struct ContextMatcher::Line {
  std::string regex;
  std::string start;
  std::string file_type;
  std::string context;
  std::size_t stem = 0;
  Tail tail = Tail::kExpression;
  bool meta = false;
  mutable Code code;  // when it is first needed
};

struct ContextMatcher::State {
  std::vector<Line> lines;
  std::unique_ptr<pcre2_match_data, FreeMatch> match{pcre2_match_data_create(1, nullptr)};
};

ContextMatcher::ContextMatcher() : state_(std::make_unique<State>()) {}
ContextMatcher::ContextMatcher(ContextMatcher&&) noexcept = default;
ContextMatcher& ContextMatcher::operator=(ContextMatcher&&) noexcept = default;
ContextMatcher::~ContextMatcher() = default;

bool ContextMatcher::add_line(std::string_view text) {
  const auto fields = fields_of(text);
  if (fields.empty() || fields[0].starts_with('#')) return true;
  if (fields.size() < 2 || fields.size() > 3) return false;
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80 || c == '\0'; }))
    return false;
  Line line;
  line.regex = fields[0];
  line.context = fields.back();
  if (fields.size() == 3) line.file_type = fields[1];
  if (!line.file_type.empty() && (line.file_type.size() != 2 || line.file_type[0] != '-')) return false;
  Start start = start_of(line.regex);
  line.stem = stem_length(line.regex);
  line.meta = has_meta(line.regex);
  line.tail = tail_of(std::string_view(line.regex).substr(start.used));
  line.start = std::move(start.text);
  state_->lines.push_back(std::move(line));
  return true;
}

bool ContextMatcher::add_lines(std::string_view text) {
  for (const std::string_view line : split(text, '\n'))
    if (!add_line(line)) return false;
  return true;
}

/// Later lines win, and those that are plain paths are tried before the others (label_file.h, sort_specs).
void ContextMatcher::index() {
  std::stable_partition(state_->lines.begin(), state_->lines.end(), [](const Line& line) { return line.meta; });
  for (std::uint32_t i = 0; i < state_->lines.size(); ++i) {
    const std::string& start = state_->lines[i].start;
    by_start_[start].push_back(i);
    if (lengths_.size() <= start.size()) lengths_.resize(start.size() + 1);
    lengths_[start.size()] = true;
  }
}

std::optional<ContextMatcher> ContextMatcher::parse(std::string_view text) {
  ContextMatcher out;
  if (!out.add_lines(text)) return std::nullopt;
  out.index();
  return out;
}

std::optional<ContextMatcher> ContextMatcher::open(const std::string& file_contexts) {
  ContextMatcher out;
  for (const char* suffix : {"", ".homedirs", ".local"}) {
    const auto text = read_file(file_contexts + suffix, kMaxBytes);
    if (!text && *suffix == '\0') return std::nullopt;
    if (text && !out.add_lines(*text)) return std::nullopt;
  }
  for (const auto& [suffix, list] : {std::pair(".subs", &out.own_aliases_), std::pair(".subs_dist", &out.aliases_)}) {
    const auto read = read_aliases(file_contexts + suffix);
    if (!read) return std::nullopt;
    for (auto alias = read->rbegin(); alias != read->rend(); ++alias)
      list->push_back({alias->first, alias->second});  // the last one wins
  }
  out.index();
  return out;
}

bool ContextMatcher::takes(std::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.back() != '/' && path.find("//") == path.npos &&
         path.find('\n') == path.npos && path.find('\0') == path.npos;
}

bool ContextMatcher::matches(const Line& line, std::string_view path) const {
  const std::string_view rest = path.substr(line.start.size());
  switch (line.tail) {
    case Tail::kNothing: return rest.empty();
    case Tail::kAnything: return true;
    case Tail::kSomething: return !rest.empty();
    case Tail::kTree: return rest.empty() || rest.front() == '/';
    case Tail::kExpression: break;
  }
  if (line.stem > 0 && path.find('/', 1) != line.stem) return false;
  if (!line.code) line.code = compile(std::string_view(line.regex).substr(line.stem));
  const std::string_view subject = path.substr(line.stem);
  return line.code && pcre2_match(line.code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), 0, 0,
                                  state_->match.get(), nullptr) >= 0;
}

bool ContextMatcher::has_line(std::string_view regex) const {
  return std::any_of(state_->lines.begin(), state_->lines.end(), [&](const Line& line) { return line.regex == regex; });
}

std::string ContextMatcher::aliased(std::string_view path) const {
  std::string out(path);
  for (const auto* list : {&own_aliases_, &aliases_})
    for (const Alias& alias : *list) {
      if (!out.starts_with(alias.from) || (out.size() > alias.from.size() && out[alias.from.size()] != '/')) continue;
      const bool root = alias.to == "/" && out.size() > alias.from.size();
      out.replace(0, alias.from.size() + (root ? 1 : 0), alias.to);
      break;
    }
  return out;
}

std::optional<std::string> ContextMatcher::lookup(std::string_view path, std::string_view file_type) const {
  const std::string key = aliased(path);
  std::vector<std::uint32_t> candidates;
  for (std::size_t length = 0; length <= key.size() && length < lengths_.size(); ++length) {
    if (!lengths_[length]) continue;
    const auto found = by_start_.find(std::string_view(key).substr(0, length));
    if (found != by_start_.end()) candidates.insert(candidates.end(), found->second.begin(), found->second.end());
  }
  std::sort(candidates.begin(), candidates.end(), std::greater<>());
  for (const std::uint32_t i : candidates) {
    const Line& line = state_->lines[i];
    if (!file_type.empty() && !line.file_type.empty() && line.file_type != file_type) continue;
    if (!matches(line, key)) continue;
    return line.context == "<<none>>" ? std::nullopt : std::optional(line.context);
  }
  return std::nullopt;
}

}  // namespace cordon::selinux
