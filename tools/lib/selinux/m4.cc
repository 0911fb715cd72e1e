#include "selinux/m4.h"

#include <optional>

#include "base/text.h"

namespace cordon::selinux {
namespace {

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

std::string_view name_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_name(text[end])) ++end;
  return text.substr(at, end - at);
}

/// The position after the quote that closes the one at `at`, or npos.
std::size_t after_quote(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '`') ++depth;
    if (text[at] == '\'' && --depth == 0) return at + 1;
  }
  return text.npos;
}

std::string unquoted(std::string_view argument) {
  argument = trim(argument);
  if (argument.size() >= 2 && argument.front() == '`' && after_quote(argument, 0) == argument.size())
    return std::string(argument.substr(1, argument.size() - 2));
  return std::string(argument);
}

/// The arguments of the call whose '(' is at `at`, each with one pair of quotes taken off; `at` moves behind the ')'.
std::optional<std::vector<std::string>> arguments_at(std::string_view text, std::size_t& at) {
  std::vector<std::string> out;
  std::size_t start = at + 1;
  std::size_t depth = 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '`') {
      i = after_quote(text, i);
      if (i == text.npos) return std::nullopt;
      --i;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if ((c == ',' || c == ')') && depth == 0) {
      out.push_back(unquoted(text.substr(start, i - start)));
      start = i + 1;
      if (c == ',') continue;
      at = i + 1;
      return out;
    }
  }
  return std::nullopt;
}

std::string substituted(const std::string& body, const std::vector<std::string>& arguments) {
  std::string out;
  for (std::size_t i = 0; i < body.size() && out.size() <= Macros::kMaxOutput; ++i) {
    if (body[i] != '$' || i + 1 == body.size()) {
      out += body[i];
    } else if (body[i + 1] >= '1' && body[i + 1] <= '9') {
      const std::size_t index = static_cast<std::size_t>(body[++i] - '1');
      if (index < arguments.size()) out += arguments[index];
    } else if (body[i + 1] == '*' || body[i + 1] == '@') {
      out += join(arguments, ",");
      ++i;
    } else {
      out += body[i];
    }
  }
  return out;
}

std::string argument(const std::vector<std::string>& arguments, std::size_t index) {
  return index < arguments.size() ? arguments[index] : std::string();
}

bool defines(std::string_view name) { return name == "define" || name == "interface" || name == "template"; }

}  // namespace

std::size_t Macros::read(std::string_view text) {
  std::size_t bad = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '`') {
      const std::size_t end = after_quote(text, at);
      at = end == text.npos ? text.size() : end;
    } else if (starts_name(c)) {
      const std::string_view name = name_at(text, at);
      at += name.size();
      if (!defines(name) || at >= text.size() || text[at] != '(') continue;
      const auto arguments = arguments_at(text, at);
      if (!arguments || arguments->size() < 2) {
        ++bad;
        ++at;
        continue;
      }
      bodies_[(*arguments)[0]] = (*arguments)[1];
      if (name != "define") interfaces_.insert((*arguments)[0]);
    } else {
      ++at;
    }
  }
  return bad;
}

std::string Macros::builtin(const std::string& name, const std::vector<std::string>& arguments, std::size_t depth,
                            Met& met, bool& known) const {
  known = true;
  if (name == "optional_policy" || name == "gen_cond") return expand(argument(arguments, 0), depth, met);
  if (name == "ifdef") return expand(argument(arguments, 2), depth, met);
  if (name == "ifndef") return expand(argument(arguments, 1), depth, met);
  if (name == "ifelse")
    return expand(argument(arguments, argument(arguments, 0) == argument(arguments, 1) ? 2 : 3), depth, met);
  if (name == "tunable_policy") met.conditional = true;
  if (name == "refpolicywarn" || name == "refpolicyerr") met.deprecated = true;
  static constexpr std::string_view kSilent[] = {"gen_require", "tunable_policy",   "refpolicywarn", "refpolicyerr",
                                                 "errprint",    "gen_tunable",      "gen_bool",      "gen_user",
                                                 "dnl",         "pushdef",          "popdef",        "undefine",
                                                 "gen_context", "policy_m4_comment"};
  for (std::string_view silent : kSilent)
    if (silent == name) return {};
  known = false;
  return {};
}

std::string Macros::expand(std::string_view text, std::size_t depth, Met& met) const {
  std::string out;
  if (depth > kMaxDepth || ++met.steps > kMaxSteps || text.size() > kMaxOutput) {
    met.unknown = true;
    return out;
  }
  for (std::size_t at = 0; at < text.size() && out.size() < kMaxOutput;) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '`' || c == '\'') {
      ++at;
    } else if (!starts_name(c)) {
      out += c;
      ++at;
    } else {
      const std::string name(name_at(text, at));
      at += name.size();
      std::vector<std::string> arguments;
      const bool called = at < text.size() && text[at] == '(';
      if (called) {
        auto read = arguments_at(text, at);
        if (!read) {
          met.unknown = true;
          return out;
        }
        arguments = std::move(*read);
      }
      bool known = false;
      const std::string made = called ? builtin(name, arguments, depth + 1, met, known) : std::string();
      const auto body = bodies_.find(name);
      if (known)
        out += made;
      else if (body != bodies_.end())
        out += expand(substituted(body->second, arguments), depth + 1, met);
      else if (called)
        met.unknown = true;
      else
        out += name;
    }
  }
  if (out.size() >= kMaxOutput) met.unknown = true;
  return out;
}

std::string Macros::call(const std::string& name, const std::vector<std::string>& arguments, Met& met) const {
  const auto body = bodies_.find(name);
  if (body == bodies_.end()) {
    met.unknown = true;
    return {};
  }
  return expand(substituted(body->second, arguments), 0, met);
}

}  // namespace cordon::selinux
