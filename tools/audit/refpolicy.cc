#include "refpolicy.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/fd.h"

namespace cordon::audit_tool {
namespace {

using std::string_view;

constexpr std::size_t kMaxDepth = 24;
constexpr std::size_t kMaxSteps = 20'000;  ///< statements and calls of one interface
constexpr std::size_t kMaxFileBytes = 8u << 20;
constexpr int kMaxFolders = 4;
constexpr string_view kCaller = "@caller";  ///< stands for $1; no policy name starts with '@'

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '$' || c == '@' || c == '*' || c == '~' || c == '-';
}
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Reads m4-flavoured text from front to back.
class Cursor {
 public:
  explicit Cursor(string_view text) : rest_(text) {}
  void skip_blanks() {
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == '#')) {
      if (rest_.front() == '#')
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      else
        rest_.remove_prefix(1);
    }
  }
  bool done() {
    skip_blanks();
    return rest_.empty();
  }
  char peek() {
    skip_blanks();
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void drop() { rest_.remove_prefix(std::min<std::size_t>(1, rest_.size())); }
  string_view word() {
    skip_blanks();
    std::size_t at = 0;
    while (at < rest_.size() && is_word(rest_[at])) ++at;
    const string_view word = rest_.substr(0, at);
    rest_.remove_prefix(at);
    return word;
  }
  bool at_call() const { return !rest_.empty() && rest_.front() == '('; }
  string_view until(char c) {
    const string_view part = rest_.substr(0, rest_.find(c));
    rest_.remove_prefix(std::min(part.size() + 1, rest_.size()));
    return part;
  }
  std::vector<std::string> arguments();

 private:
  string_view rest_;
};

string_view trimmed(string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// "(a,`b, c',d)": cut at the commas outside of quotes and parentheses, one level of quotes taken off.
std::vector<std::string> Cursor::arguments() {
  std::vector<std::string> out;
  rest_.remove_prefix(1);
  int quotes = 0, parens = 0;
  std::string part;
  const auto finish = [&] {
    string_view text = trimmed(part);
    if (text.size() >= 2 && text.front() == '`' && text.back() == '\'') text = text.substr(1, text.size() - 2);
    out.emplace_back(text);
    part.clear();
  };
  for (; !rest_.empty(); rest_.remove_prefix(1)) {
    const char c = rest_.front();
    quotes += c == '`' ? 1 : c == '\'' && quotes > 0 ? -1 : 0;
    if (quotes == 0) {
      parens += c == '(' ? 1 : 0;
      if (c == ')' && parens-- == 0) break;
      if (c == ',' && parens == 0) {
        finish();
        continue;
      }
    }
    part += c;
  }
  if (!rest_.empty()) rest_.remove_prefix(1);
  finish();
  return out;
}

/// $1…$9 and $* by the arguments; what is missing becomes nothing.
std::string substitute(string_view body, const std::vector<std::string>& arguments) {
  std::string out;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const bool dollar = body[i] == '$' && i + 1 < body.size();
    if (dollar && body[i + 1] >= '1' && body[i + 1] <= '9') {
      const std::size_t index = static_cast<std::size_t>(body[++i] - '1');
      if (index < arguments.size()) out += arguments[index];
    } else {
      out += body[i];
    }
  }
  return out;
}

bool uses_parameter_beyond_first(string_view body) {
  for (std::size_t at = body.find('$'); at != string_view::npos && at + 1 < body.size(); at = body.find('$', at + 1))
    if (body[at + 1] >= '2' && body[at + 1] <= '9') return true;
  return false;
}

/// Which argument of these is text that may apply, and which may be left out.
struct Conditional {
  string_view name;
  std::size_t first;
};
constexpr std::array kConditionals = std::to_array<Conditional>({{"optional_policy", 0},
                                                                 {"tunable_policy", 1},
                                                                 {"ifdef", 1},
                                                                 {"ifndef", 1},
                                                                 {"ifelse", 99},
                                                                 {"gen_require", 99},
                                                                 {"refpolicywarn", 99},
                                                                 {"refpolicyerr", 99}});

}  // namespace

/// Walks one interface's body, following calls.
class Expander {
 public:
  Expander(const std::map<std::string, Refpolicy::Macro, std::less<>>& macros, Interface& out)
      : macros_(macros), out_(out) {}
  void walk(string_view text, bool conditional, std::size_t depth);

 private:
  void call(string_view name, const std::vector<std::string>& arguments, bool conditional, std::size_t depth);
  void statement(string_view verb, string_view rest, bool conditional);
  void allow(string_view rest, bool conditional);
  std::vector<std::string> names(Cursor& cursor, std::size_t depth);

  const std::map<std::string, Refpolicy::Macro, std::less<>>& macros_;
  Interface& out_;
  std::size_t steps_ = 0;
};

void Expander::walk(string_view text, bool conditional, std::size_t depth) {
  if (depth > kMaxDepth) {
    out_.opaque = true;
    return;
  }
  Cursor cursor(text);
  while (!cursor.done()) {
    if (++steps_ > kMaxSteps) {
      out_.opaque = true;
      return;
    }
    const string_view word = cursor.word();
    if (word.empty())
      cursor.drop();
    else if (cursor.at_call())
      call(word, cursor.arguments(), conditional, depth);
    else
      statement(word, cursor.until(';'), conditional);
  }
}

void Expander::call(string_view name, const std::vector<std::string>& arguments, bool conditional, std::size_t depth) {
  for (const Conditional& row : kConditionals)
    if (row.name == name) {
      for (std::size_t i = row.first; i < arguments.size(); ++i) walk(arguments[i], true, depth + 1);
      return;
    }
  const auto macro = macros_.find(name);
  if (macro == macros_.end())
    out_.opaque = true;
  else
    walk(substitute(macro->second.body, arguments), conditional, depth + 1);
}

void Expander::statement(string_view verb, string_view rest, bool conditional) {
  if (verb == "allow") return allow(rest, conditional);
  if (verb == "dontaudit" || verb == "auditallow" || verb == "neverallow") return;
  out_.opaque = true;
}

/// One name, or a set in braces; words that are macros (permission sets) are replaced by what they stand for.
std::vector<std::string> Expander::names(Cursor& cursor, std::size_t depth) {
  std::vector<std::string> out;
  const bool set = cursor.take('{');
  do {
    if (set && cursor.take('}')) break;
    const char next = cursor.peek();
    if (next == '{' && depth < kMaxDepth) {
      for (std::string& name : names(cursor, depth + 1)) out.push_back(std::move(name));
      continue;
    }
    const string_view word = cursor.word();
    if (word.empty()) break;
    const auto macro = macros_.find(word);
    if (macro == macros_.end() || depth > kMaxDepth) {
      out.emplace_back(word);
      continue;
    }
    Cursor body(macro->second.body);
    for (std::string& name : names(body, depth + 1)) out.push_back(std::move(name));
  } while (set && !cursor.done());
  return out;
}

void Expander::allow(string_view rest, bool conditional) {
  Cursor cursor(rest);
  const auto sources = names(cursor, 0);
  const auto targets = names(cursor, 0);
  const bool colon = cursor.take(':');
  const auto classes = names(cursor, 0);
  const auto perms = names(cursor, 0);
  if (!colon || sources != std::vector<std::string>{std::string(kCaller)}) {
    out_.opaque = true;  // it changes other domains too, or is a role's rule
    return;
  }
  for (const std::string& target : targets)
    for (const std::string& klass : classes) {
      Granted& granted = out_.grants[{target == kCaller ? "self" : target, klass}];
      (conditional ? granted.conditional : granted.perms).insert(perms.begin(), perms.end());
      const auto odd = [](const std::string& name) { return name.find_first_of("~*-") != std::string::npos; };
      out_.opaque |= odd(target) || std::any_of(perms.begin(), perms.end(), odd);
    }
}

void Refpolicy::add(string_view text, const std::string& file) {
  Cursor cursor(text);
  while (!cursor.done()) {
    const string_view word = cursor.word();
    if (word.empty() || !cursor.at_call()) {
      if (word.empty()) cursor.drop();
      continue;
    }
    const auto arguments = cursor.arguments();
    const bool interface = word == "interface" || word == "template";
    if ((interface || word == "define") && arguments.size() >= 2)
      macros_.insert_or_assign(arguments[0], Macro{arguments[1], file, word == "interface"});
  }
}

std::vector<Interface> Refpolicy::expand() const {
  std::vector<Interface> out;
  for (const auto& [name, macro] : macros_) {
    if (!macro.interface) continue;
    Interface interface { name, macro.file, {}, uses_parameter_beyond_first(macro.body) };
    if (!interface.opaque) Expander(macros_, interface).walk(substitute(macro.body, {std::string(kCaller)}), false, 0);
    out.push_back(std::move(interface));
  }
  return out;
}

namespace {

bool ends_with(const std::string& text, string_view end) {
  return text.size() > end.size() && string_view(text).substr(text.size() - end.size()) == end;
}

void collect(const std::string& directory, int depth, std::vector<std::string>& files) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), &closedir);
  for (const dirent* entry = dir ? readdir(dir.get()) : nullptr; entry != nullptr; entry = readdir(dir.get())) {
    const std::string name = entry->d_name, path = directory + "/" + name;
    struct stat status {};
    if (name.front() == '.' || stat(path.c_str(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode) && depth > 0)
      collect(path, depth - 1, files);
    else if (S_ISREG(status.st_mode) && (ends_with(name, ".if") || ends_with(name, ".spt")))
      files.push_back(path);
  }
}

}  // namespace

Result<Refpolicy> Refpolicy::load(const std::string& directory) {
  std::vector<std::string> files;
  collect(directory, kMaxFolders, files);
  std::sort(files.begin(), files.end());
  if (files.empty())
    return Error{ErrorCode::kEnvironment, "no refpolicy interfaces found", directory,
                 "install selinux-policy-dev, or give their folder with --interfaces"};
  Refpolicy refpolicy;
  for (const std::string& file : files) {
    const auto text = read_file(file, kMaxFileBytes);
    if (!text) return text.error();
    refpolicy.add(*text, file);
  }
  return refpolicy;
}

}  // namespace cordon::audit_tool
