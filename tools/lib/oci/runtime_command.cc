#include "oci/runtime_command.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace cordon::oci {
namespace {

using Take = void (*)(RuntimeCommand&, const std::string&);

/// An option that is followed by a value, before or behind the sub-command. crun(1), runc(8), runc-create(8),
/// runc-run(8).
struct ValueOption {
  std::string_view name;
  Take take = nullptr;
};
constexpr ValueOption kWithValue[] = {
    {"root"},
    {"criu"},
    {"rootless"},
    {"cgroup-manager"},
    {"console-socket"},
    {"pid-file"},
    {"pidfd-socket"},
    {"log-level"},
    {"log", [](RuntimeCommand& c, const std::string& v) { c.log = v; }},
    {"log-format", [](RuntimeCommand& c, const std::string& v) { c.log_is_json = v == "json"; }},
    {"bundle", [](RuntimeCommand& c, const std::string& v) { c.bundle = v; }},
    {"b", [](RuntimeCommand& c, const std::string& v) { c.bundle = v; }},
    {"config", [](RuntimeCommand& c, const std::string& v) { c.config = v; }},
    {"f", [](RuntimeCommand& c, const std::string& v) { c.config = v; }},
    {"preserve-fds",
     [](RuntimeCommand& c, const std::string& v) { c.preserve_fds = parse_number<unsigned>(v).value_or(0); }},
};

struct Option {
  const ValueOption* row = nullptr;
  std::optional<std::string> value;  ///< behind '='
};

Option option_of(std::string_view word) {
  std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
  Option option;
  if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
    option.value = std::string(name.substr(equals + 1));
    name = name.substr(0, equals);
  } else if (!word.starts_with("--") && name.size() > 1 && (name[0] == 'b' || name[0] == 'f')) {
    const bool long_name =
        std::any_of(std::begin(kWithValue), std::end(kWithValue), [&](const ValueOption& r) { return r.name == name; });
    if (!long_name) {  // -bDIR
      option.value = std::string(name.substr(1));
      name = name.substr(0, 1);
    }
  }
  const auto row =
      std::find_if(std::begin(kWithValue), std::end(kWithValue), [&](const ValueOption& r) { return r.name == name; });
  if (row != std::end(kWithValue)) option.row = row;
  return option;
}

struct Part {
  enum Kind : std::uint8_t { kName, kOperand, kOption, kSeparator } kind;
  std::size_t at;     ///< its first word
  std::size_t words;  ///< 2 where an option's value is a word of its own
  const ValueOption* row;
  std::string value;
};

std::vector<Part> parts_of(const std::vector<std::string>& words) {
  std::vector<Part> parts;
  bool named = false;
  bool only_operands = false;
  for (std::size_t i = 0; i < words.size(); i += parts.back().words) {
    const std::string& word = words[i];
    if (only_operands || word.size() < 2 || word[0] != '-') {
      parts.push_back({named ? Part::kOperand : Part::kName, i, 1, nullptr, ""});
      only_operands &= named;  // what follows the name is the sub-command's, whose options begin anew
      named = true;
    } else if (word == "--") {
      parts.push_back({Part::kSeparator, i, 1, nullptr, ""});
      only_operands = true;
    } else {
      const Option option = option_of(word);
      const bool apart = option.row != nullptr && !option.value && i + 1 < words.size();
      parts.push_back(
          {Part::kOption, i, apart ? 2u : 1u, option.row, apart ? words[i + 1] : option.value.value_or("")});
    }
  }
  return parts;
}

bool detaches(const std::string& word) { return word == "-d" || word == "--detach" || word == "-detach"; }

}  // namespace

RuntimeCommand read_runtime_command(const std::vector<std::string>& words) {
  RuntimeCommand command;
  for (const Part& part : parts_of(words)) {
    const std::string& word = words[part.at];
    if (part.kind == Part::kName) command.name = word, command.name_at = part.at;
    if (part.kind == Part::kOperand) command.id = word;
    if (part.kind != Part::kOption) continue;
    command.detach |= !command.name.empty() && detaches(word);
    if (part.row != nullptr && part.row->take != nullptr) part.row->take(command, part.value);
  }
  return command;
}

std::vector<std::string> with_preserved(const std::vector<std::string>& words, const RuntimeCommand& command,
                                        unsigned count) {
  std::vector<std::string> out;
  for (const Part& part : parts_of(words)) {
    if (part.row != nullptr && part.row->name == "preserve-fds") continue;
    for (std::size_t i = 0; i < part.words; ++i) out.push_back(words[part.at + i]);
    if (part.at == command.name_at) out.push_back("--preserve-fds=" + std::to_string(count));
  }
  return out;
}

}  // namespace cordon::oci
