#include "selinux/cil.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace cordon::selinux {
namespace {

class CilParser {
 public:
  CilParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Result<std::vector<Sexp>> run();

 private:
  Error fail(const std::string& what) const {
    return Error{ErrorCode::kBadInput, what, fmt::format("{}:{}", where_, line_), {}};
  }
  void skip_blanks();
  void close();
  Result<void> string();
  void word();
  void put(Sexp sexp) { (open_.empty() ? out_ : open_.back().items).push_back(std::move(sexp)); }
  static bool ends_word(char c) {
    return c == '(' || c == ')' || c == ';' || c == '"' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::vector<Sexp> open_;
  std::vector<Sexp> out_;
};

void CilParser::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ';') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      line_ += c == '\n' ? 1 : 0;
      ++at_;
    } else {
      return;
    }
  }
}

void CilParser::close() {
  Sexp done = std::move(open_.back());
  open_.pop_back();
  put(std::move(done));
}

Result<void> CilParser::string() {
  const std::size_t end = text_.find_first_of("\"\n", at_ + 1);
  if (end == text_.npos || text_[end] == '\n') return fail("a quoted string is not closed on its line");
  put(Sexp{false, true, std::string(text_.substr(at_ + 1, end - at_ - 1)), {}, line_});
  at_ = end + 1;
  return {};
}

void CilParser::word() {
  const std::size_t start = at_;
  while (at_ < text_.size() && !ends_word(text_[at_])) ++at_;
  put(Sexp{false, false, std::string(text_.substr(start, at_ - start)), {}, line_});
}

Result<std::vector<Sexp>> CilParser::run() {
  if (text_.size() > kMaxCilBytes) return fail(fmt::format("more than {} bytes", kMaxCilBytes));
  for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
    const char c = text_[at_];
    if (c == '(') {
      if (open_.size() >= kMaxCilDepth) return fail(fmt::format("nested deeper than {}", kMaxCilDepth));
      open_.push_back(Sexp{true, false, {}, {}, line_});
      ++at_;
    } else if (c == ')') {
      if (open_.empty()) return fail("a closing parenthesis too many");
      close();
      ++at_;
    } else if (c == '"') {
      if (auto read = string(); !read) return read.error();
    } else {
      word();
    }
  }
  if (!open_.empty()) return fail(fmt::format("{} not closed", counted(open_.size(), "parenthesis")));
  return std::move(out_);
}

std::optional<std::string_view> fc_word(std::string_view& line) {
  line = trim(line);
  if (line.empty()) return std::nullopt;
  std::size_t end = line.find_first_of(" \t");
  if (line.starts_with("gen_context(") && line.find(')') != line.npos) end = line.find(')') + 1;
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

/// The type and range of a raw context, gen_context(…) or <<none>>.
std::optional<std::pair<std::string, std::string>> fc_context(std::string_view text) {
  if (text == "<<none>>") return std::pair<std::string, std::string>{};
  std::string_view range;
  if (text.starts_with("gen_context(") && text.ends_with(")")) {
    text = text.substr(12, text.size() - 13);
    const std::size_t comma = text.find(',');
    range = comma == text.npos ? std::string_view() : trim(text.substr(comma + 1));
    text = trim(text.substr(0, comma));
  }
  const std::size_t first = text.find(':');
  const std::size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
  if (second == text.npos) return std::nullopt;
  const std::size_t third = text.find(':', second + 1);
  if (third != text.npos) range = text.substr(third + 1);
  return std::pair(std::string(text.substr(second + 1, third == text.npos ? text.npos : third - second - 1)),
                   std::string(range));
}

bool is_file_type(std::string_view word) {
  return word.size() == 2 && word[0] == '-' && std::string_view("-dlcbsp").find(word[1]) != std::string_view::npos;
}

}  // namespace

Result<std::vector<Sexp>> parse_cil(std::string_view text, const std::string& where) {
  return CilParser(text, where).run();
}

Result<std::vector<FileContext>> read_fc(std::string_view text, const std::string& where) {
  std::vector<FileContext> out;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    const std::string at = fmt::format("{}:{}", where, number);
    const auto regex = fc_word(line);
    auto second = fc_word(line);
    FileContext context{std::string(*regex), {}, {}, {}};
    if (second && is_file_type(*second)) {
      context.file_type = *second;
      second = fc_word(line);
    }
    const auto parsed = second ? fc_context(*second) : std::nullopt;
    if (!parsed || !trim(line).empty())
      return Error{ErrorCode::kBadInput, "not a file context: " + printable(*regex), at,
                   "a line is: REGEX [-- | -d | …] CONTEXT"};
    context.type = parsed->first;
    context.range = parsed->second;
    out.push_back(std::move(context));
  }
  return out;
}

}  // namespace cordon::selinux
