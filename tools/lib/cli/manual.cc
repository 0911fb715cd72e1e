#include <algorithm>

#include "base/fd.h"
#include "base/text.h"
#include "cli/parser.h"

namespace cordon::cli {
namespace {

constexpr std::string_view kMark = ".\\\" OPTIONS";

/// Text as man(7) needs it: '\' and '-' escaped, no line that begins with a control character.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string option_entry(const OptionRow& option) {
  std::string names;
  for (const std::string_view name : split(option.names, ',')) {
    if (!names.empty()) names += ", ";
    names += "\\fB" + roff(name) + "\\fR";
  }
  if (!option.value.empty()) names += " \\fI" + roff(option.value) + "\\fR";
  std::string words = option.choices;
  std::replace(words.begin(), words.end(), '|', ' ');
  std::string entry = ".TP\n" + names + "\n" + roff(option.help) + ".\n";
  if (!words.empty()) entry += roff("One of: " + words + ".") + "\n";
  if (!option.default_value.empty()) entry += roff("Default: " + option.default_value + ".") + "\n";
  if (option.many) entry += "May be repeated.\n";
  return entry;
}

std::string synopsis(const ToolRow& tool, const CommandRow& command) {
  std::string line =
      "\\fB" + roff(tool.name + (command.name.empty() ? "" : " " + command.name)) + "\\fR [\\fIOPTION\\fR...]";
  if (!command.positionals.empty()) line += " \\fI" + roff(command.positionals) + "\\fR";
  if (command.takes_command != TakesCommand::kNo) line += " \\-\\- \\fICMD\\fR [\\fIARG\\fR...]";
  return line;
}

std::string command_section(const ToolRow& tool, const CommandRow& command) {
  std::string text = ".SS " + synopsis(tool, command) + "\n" + roff(command.summary) + ".\n";
  for (const OptionRow& option : command.options) text += option_entry(option);
  if (!command.examples.empty()) text += ".PP\nExamples:\n.PP\n.nf\n.RS\n";
  for (const std::string& example : command.examples) text += roff(example) + "\n";
  if (!command.examples.empty()) text += ".RE\n.fi\n";
  return text;
}

}  // namespace

Result<std::string> manual(const ToolRow& tool, const std::string& page) {
  auto text = read_file(page, 1 << 20);
  if (!text) return text.error();
  if (text->starts_with(".so ")) return text;  // another page's name (man(7)): nothing to fill
  const std::size_t mark = text->find(kMark);
  if (mark == std::string::npos)
    return Error{ErrorCode::kBadInput, "has no line '" + std::string(kMark) + "' to put the options at", page, {}};
  std::string options = ".SH COMMANDS AND OPTIONS\n";
  for (const CommandRow& command : tool.commands) options += command_section(tool, command);
  options +=
      ".PP\n\\fB\\-\\-help\\fR, \\fB\\-\\-version\\fR and \\fB\\-\\-completions\\fR bash|zsh|fish are taken too.\n";
  return text->replace(mark, kMark.size(), options);
}

}  // namespace cordon::cli
