#include "apparmor/source_check.h"

#include <algorithm>
#include <cctype>

#include "apparmor/rule_check.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

Error wrong(std::string what) { return {ErrorCode::kBadInput, std::move(what), "", ""}; }

/// A hat's old spelling, "PROFILE^HAT"; a '^' within brackets is a class's.
bool has_hat_mark(std::string_view name) {
  bool in_class = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '[')
      in_class = true;
    else if (name[i] == ']')
      in_class = false;
    else if (name[i] == '^' && i > 0 && !in_class)
      return true;
  }
  return false;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// ":namespace:name" or ":namespace://name".
Result<void> check_namespace(const std::string& name) {
  if (name.empty() || name[0] != ':') return {};
  const std::size_t end = name.find(':', 1);
  if (end == std::string::npos || end == 1 || end + 1 == name.size())
    return wrong("'" + name + "' is no namespace with a profile");
  return {};
}

/// flags=() and () hold nothing.
bool has_empty_list(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "(" && words[i + 1] == ")") return true;
  return false;
}

/// "+ identities=(a, b)", 5.0.
Result<void> check_identities(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool list = words[i].starts_with("identities=");
    if (words[i] == "+" && (i + 1 == words.size() || !words[i + 1].starts_with("identities=")))
      return wrong("'+' without 'identities='");
    if (list && (i == 0 || words[i - 1] != "+")) return wrong("'identities=' without its '+'");
    if (!list) continue;
    for (std::size_t at = i + 2; at < words.size() && words[at] != ")"; ++at)
      if (words[at].starts_with("\"") && words[at - 1].ends_with("\""))
        return wrong("quoted identities are separated by commas");
  }
  return {};
}

Result<void> check_words(const Statement& statement, bool hat) {
  bool flags = false;
  if (const auto fine = check_identities(statement.words); !fine) return fine;
  for (const std::string& word : statement.words) {
    if (word.starts_with("flags=")) flags = true;
    if (word.starts_with("xattrs=") && (flags || hat))
      return wrong(hat ? "a hat has no attachment, and no attributes" : "'xattrs=' stands before 'flags='");
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const bool key_like =
        equals != std::string::npos && !key.empty() &&
        std::all_of(key.begin(), key.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
    const bool list_follows = equals + 1 == word.size();
    if (key_like && list_follows && key != "flags" && key != "xattrs" && key != "identities")
      return wrong("'" + key + "=' does not belong in a profile's head");
  }
  return has_empty_list(statement.words) ? Result<void>(wrong("an empty list")) : Result<void>();
}

std::vector<std::string> variables_in(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find("@{"); at != std::string_view::npos; at = text.find("@{", at + 2)) {
    const std::string name(text.substr(at + 2, text.find('}', at) - at - 2));
    if (is_variable_name(name)) names.push_back(name);
  }
  return names;
}

/// A text that starts with a variable, with the first of its values.
std::string first_value(const std::string& text, const Variables& variables) {
  if (!text.starts_with("@{") || text.find('}') == std::string::npos) return text;
  const std::size_t end = text.find('}');
  const auto found = variables.find(text.substr(2, end - 2));
  return found == variables.end() || found->second.empty() || found->second.front().empty()
             ? text
             : found->second.front() + text.substr(end + 1);
}

bool is_identifier_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

/// Follows the values of a variable. `open`: those being followed.
Result<void> follow(const std::string& name, const Variables& variables, std::vector<std::string>& open,
                    bool attached) {
  if (name == "profile_name" || name == "_") return {};
  const auto found = variables.find(name);
  if (found == variables.end() && (name == "exec_path" || name == "attach_path"))
    return attached ? Result<void>() : wrong("@{" + name + "} in a profile that is attached to nothing");
  if (found == variables.end()) return wrong("@{" + name + "} is set nowhere");
  if (std::find(open.begin(), open.end(), name) != open.end()) return wrong("@{" + name + "} is set by itself");
  open.push_back(name);
  for (const std::string& value : found->second)
    for (const std::string& next : variables_in(value))
      if (const auto fine = follow(next, variables, open, attached); !fine) return fine;
  open.pop_back();
  return {};
}

}  // namespace

std::string boolean_name(const std::string& name) {
  return name.starts_with("${") && name.ends_with("}") ? "$" + name.substr(2, name.size() - 3) : name;
}

Result<void> check_block_head(const Statement& statement, const SourceProfile& profile, bool in_profile,
                              const Variables& variables) {
  const std::string& first = statement.words.front();
  const bool hat = first == "hat" || first[0] == '^';
  if (const auto fine = check_words(statement, hat); !fine) return fine;
  if (has_hat_mark(profile.name)) return wrong("a hat stands in its profile's block, not as PROFILE^HAT");
  if (profile.name == "@{profile_name}") return wrong("a profile cannot be named by its own name");
  if (!in_profile)
    if (const auto fine = check_namespace(profile.name); !fine) return fine;
  const std::string start = first_value(first, variables);
  if (first[0] == '@' && start[0] != '@' && start[0] != '/' && start[0] != '{' && !in_profile)
    return wrong("'" + first + "' is no path: it wants 'profile' before it");
  // Without the word "profile", only a path, a variable or a hat's mark starts a block.
  constexpr std::string_view kStarts = "/@^\":{";
  const bool said = first == "profile" || hat;
  if (!said && (in_profile || kStarts.find(first[0]) == std::string_view::npos))
    return wrong("'" + first + "' starts no profile: it wants 'profile' before it");
  return {};
}

std::vector<std::string> with_values(std::vector<std::string> flags, const Variables& variables) {
  for (std::string& flag : flags)
    if (const std::size_t at = flag.find("=@{"); at != std::string::npos)
      flag = flag.substr(0, at + 1) + first_value(flag.substr(at + 1), variables);
  return flags;
}

Result<void> check_condition(const Statement& statement, const Statement* before, const Variables& variables) {
  std::vector<std::string> words = statement.words;
  if (statement.kind == StatementKind::kElse) {
    const bool follows =
        before != nullptr && (before->kind == StatementKind::kIf || before->kind == StatementKind::kElse);
    if (!follows) return wrong("'else' without its 'if'");
    words.erase(words.begin());
    if (words.empty()) return {};
    if (words.front() != "if") return wrong("'" + words.front() + "' after 'else'");
  }
  words.erase(words.begin());
  if (!words.empty() && words.front() == "not") words.erase(words.begin());
  // Comparisons and combinations are 5.0's; a single word is a boolean.
  if (words.size() != 1) return {};
  std::string name = words.front();
  if (name == "true" || name == "false") return {};
  name = boolean_name(name);
  if (name[0] != '$')
    return is_identifier_word(name) || name[0] == '@' ? Result<void>(wrong("'" + name + "' is no boolean"))
                                                      : Result<void>();
  return variables.count(name) != 0 ? Result<void>() : wrong("the boolean " + name + " is set nowhere");
}

std::optional<bool> holds(const Statement& statement, std::optional<bool> chain, const Variables& variables) {
  std::vector<std::string> words = statement.words;
  if (statement.kind == StatementKind::kElse) {
    words.erase(words.begin());
    if (chain == true) return false;
    if (words.empty()) return chain ? std::optional<bool>(true) : std::nullopt;
    if (!chain) return std::nullopt;
  }
  words.erase(words.begin());
  const bool negated = !words.empty() && words.front() == "not";
  if (negated) words.erase(words.begin());
  if (words.size() != 1) return std::nullopt;
  const std::string name = boolean_name(words.front());
  const auto found = variables.find(name);
  if (found == variables.end() && name != "true" && name != "false") return std::nullopt;
  const std::string value = lower(found == variables.end() ? name : found->second.front());
  return (value == "true") != negated;
}

Result<void> check_assignment(const Statement& statement, bool boolean, const std::vector<std::string>& values) {
  if (boolean) {
    const std::string value = lower(values.size() == 1 ? values.front() : std::string());
    return value == "true" || value == "false" ? Result<void>() : wrong("a boolean is true or false");
  }
  if (values.empty()) return wrong("a variable without a value");
  const std::string& text = statement.text;
  if (std::count(text.begin(), text.end(), '"') % 2 != 0) return wrong("a quote that does not end");
  for (const std::string& value : values)
    if (value == "," || value.find_first_of("!") != std::string::npos)
      return wrong("'" + value + "' is no value: they are separated by blanks");
  return {};
}

Result<void> check_variable_use(const std::string& text, const Variables& variables, bool attached) {
  for (const std::string& name : variables_in(text)) {
    std::vector<std::string> open;
    if (const auto fine = follow(name, variables, open, attached); !fine) return fine;
  }
  return {};
}

}  // namespace cordon::apparmor
