#include "apparmor/syntax.h"

#include <algorithm>

#include "base/text.h"

namespace cordon::apparmor {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Where a word that starts at `at` ends: quotes, escapes and alternations are passed over as one.
std::size_t word_end(std::string_view text, std::size_t at) {
  int braces = 0;
  bool quoted = false;
  bool in_class = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && at + 1 < text.size())
      ++at;
    else if (c == '"')
      quoted = !quoted;
    else if (quoted)
      continue;
    else if (is_blank(c))
      return at;
    else if (c == '[')
      in_class = true;
    else if (c == ']')
      in_class = false;
    else if (in_class)
      continue;
    else if (c == '{')
      ++braces;
    else if (c == '}' && braces == 0)
      return at;
    else if (c == '}')
      --braces;
    else if ((c == '(' || c == ')') && braces == 0)
      return at;
    else if (c == ',' && braces == 0 &&
             (at + 1 == text.size() || is_blank(text[at + 1]) || text[at + 1] == '#' || text[at + 1] == '}'))
      return at;
  }
  return at;
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& file, const SyntaxLimits& limits)
      : text_(text), file_(file), limits_(limits) {}

  Result<std::vector<Statement>> file() {
    if (text_.size() > limits_.max_text) return fault("the file is too large");
    std::vector<Statement> out;
    if (const auto read = statements(out, 0); !read) return read.error();
    if (at_ < text_.size()) return fault("a '}' without its '{'");
    return out;
  }

 private:
  Error fault(std::string what) const {
    return {ErrorCode::kBadInput, std::move(what), file_ + ":" + std::to_string(line_at(at_)), ""};
  }

  std::size_t line_at(std::size_t at) const {
    while (counted_to_ < at && counted_to_ < text_.size())
      if (text_[counted_to_++] == '\n') ++line_;
    return line_;
  }

  void skip_line() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  /// Blanks and comments; "#include" is no comment.
  void skip() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_]))
        ++at_;
      else if (text_[at_] == '#' && !starts("#include"))
        skip_line();
      else
        return;
    }
  }

  bool starts(std::string_view word) const {
    if (text_.substr(at_, word.size()) != word) return false;
    const std::size_t after = at_ + word.size();
    return after >= text_.size() || is_blank(text_[after]) || text_[after] == '<' || text_[after] == '"';
  }

  Result<void> statements(std::vector<Statement>& out, int depth) {
    if (depth > limits_.max_depth) return fault("blocks are nested too deep");
    while (true) {
      skip();
      if (at_ >= text_.size() || text_[at_] == '}') return {};
      Statement next;
      next.begin = at_;
      next.line = line_at(at_);
      if (const auto read = statement(next, depth); !read) return read.error();
      out.push_back(std::move(next));
    }
  }

  Result<void> statement(Statement& out, int depth) {
    if (starts("include") || starts("#include")) return include_statement(out);
    if (text_[at_] == '@' || text_[at_] == '$') {
      const std::size_t eol = std::min(text_.find('\n', at_), text_.size());
      const std::string_view rest = text_.substr(at_, eol - at_);
      const std::size_t name_end = rest.find_first_of(" \t=+?");
      const std::size_t equals = rest.find('=');
      const bool whole_name = name_end != std::string_view::npos &&
                              (rest.find('{') > name_end || rest[name_end - 1] == '}' || rest[name_end - 1] == ':');
      const bool assigns = whole_name && equals != std::string_view::npos && name_end != std::string_view::npos &&
                           trim(rest.substr(name_end, equals - name_end)).size() <= 1;
      if (assigns) return line_statement(out, StatementKind::kVariable);
    }
    return long_statement(out, depth);
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  /// include [if exists] <name>, "name" or name; what stands behind the name is another statement.
  Result<void> include_statement(Statement& out) {
    out.kind = StatementKind::kInclude;
    at_ += text_[at_] == '#' ? 8 : 7;
    out.words.emplace_back("include");
    for (const std::string_view word : {"if", "exists"}) {
      skip_blanks();
      if (!starts(word)) continue;
      out.words.emplace_back(word);
      at_ += word.size();
    }
    skip_blanks();
    const std::size_t start = at_;
    const char close = at_ < text_.size() && text_[at_] == '<'   ? '>'
                       : at_ < text_.size() && text_[at_] == '"' ? '"'
                                                                 : ' ';
    if (at_ < text_.size()) ++at_;
    while (at_ < text_.size() && text_[at_] != '\n' && (close == ' ' ? !is_blank(text_[at_]) : text_[at_] != close))
      ++at_;
    if (close != ' ' && at_ < text_.size() && text_[at_] == close) ++at_;
    out.words.emplace_back(text_.substr(start, at_ - start));
    if (out.words.back().size() < 2) return fault("an include without a name");
    out.text = "include " + out.words.back();
    out.end = at_;
    return {};
  }

  /// Up to the end of the line; a comment behind it is not part of it.
  Result<void> line_statement(Statement& out, StatementKind kind) {
    out.kind = kind;
    const std::size_t start = at_;
    bool quoted = false;
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (text_[at_] == '"') quoted = !quoted;
      if (text_[at_] == '#' && !quoted && at_ > start && is_blank(text_[at_ - 1])) break;
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      ++at_;
    }
    out.text = std::string(trim(text_.substr(start, at_ - start)));
    out.words = rule_words(out.text);
    out.end = at_;
    skip_line();
    return {};
  }

  /// A rule up to its comma, or the head of a block and its body.
  Result<void> long_statement(Statement& out, int depth) {
    std::string head;
    int parens = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c)) {
        if (!head.empty() && head.back() != ' ') head += ' ';
        ++at_;
      } else if (c == '#' && (head.empty() || head.back() == ' ' || head.back() == ',')) {
        skip_line();
      } else if (c == ',' && parens == 0) {
        out.end = ++at_;
        finish(out, head);
        return {};
      } else if (c == ',') {
        head += c;
        ++at_;
      } else if (c == '{' && parens == 0 && opens_block()) {
        ++at_;
        finish(out, head);
        return block(out, depth);
      } else if (c == '}') {
        return fault("a rule without its ','");
      } else {
        if (c == '(') ++parens;
        if (c == ')') --parens;
        const std::size_t end = std::max(at_ + 1, c == '(' || c == ')' ? at_ + 1 : word_end(text_, at_));
        head += text_.substr(at_, end - at_);
        at_ = end;
      }
    }
    return fault("a rule without its ','");
  }

  /// A '{' before a blank, a comment or '}' opens a block; before anything else it is an alternation in a name.
  bool opens_block() const {
    if (at_ + 1 >= text_.size()) return true;
    const char next = text_[at_ + 1];
    return is_blank(next) || next == '#' || next == '}';
  }

  Result<void> block(Statement& out, int depth) {
    out.kind = block_kind(out);
    if (const auto read = statements(out.body, depth + 1); !read) return read.error();
    if (at_ >= text_.size()) return fault("a '{' without its '}'");
    out.close = at_++;
    out.end = at_;
    return {};
  }

  static StatementKind block_kind(const Statement& out) {
    const std::string first = out.words.empty() ? std::string() : out.words[0];
    if (first == "if") return StatementKind::kIf;
    if (first == "else") return StatementKind::kElse;
    if (first == "hat" || (!first.empty() && first[0] == '^')) return StatementKind::kHat;
    for (const char* qualifier : {"audit", "deny", "allow", "owner", "other", "prompt"})
      if (first == qualifier) return StatementKind::kQualified;
    return StatementKind::kProfile;
  }

  static void finish(Statement& out, const std::string& head) {
    out.text = std::string(trim(head));
    out.words = rule_words(out.text);
    if (out.words.empty()) return;
    const std::string& first = out.words[0];
    if (first == "abi" || first.starts_with("abi<") || first.starts_with("abi\"")) out.kind = StatementKind::kAbi;
    if (out.words[0] == "alias") out.kind = StatementKind::kAlias;
  }

  std::string_view text_;
  const std::string& file_;
  SyntaxLimits limits_;
  std::size_t at_ = 0;
  mutable std::size_t counted_to_ = 0;
  mutable std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<Statement>> parse_syntax(std::string_view text, const std::string& file,
                                            const SyntaxLimits& limits) {
  return Parser(text, file, limits).file();
}

std::vector<std::string> rule_words(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
    } else if (text[at] == '(' || text[at] == ')' || text[at] == ',') {
      words.emplace_back(1, text[at++]);
    } else {
      const std::size_t end = std::max(at + 1, word_end(text, at));
      words.emplace_back(text.substr(at, end - at));
      at = end;
    }
  }
  return words;
}

std::string unquoted(std::string_view word) {
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"') word = word.substr(1, word.size() - 2);
  return std::string(word);
}

}  // namespace cordon::apparmor
