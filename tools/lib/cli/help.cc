#include <algorithm>

#include "base/text.h"
#include "cli/parser.h"

namespace cordon::cli {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kHelpColumn = 28;

/// The text broken at blanks, every line but the first indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (const std::string_view word : split(text, ' ')) {
    if (column + word.size() + 1 > kWidth && column > indent) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!out.empty()) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string spelled(const OptionRow& option) {
  std::string names = option.names;
  for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 2))
    names.insert(at + 1, " ");
  const std::string lead = names.starts_with("--") ? "      " : "  ";
  return lead + names + (option.value.empty() ? "" : " " + option.value);
}

std::string described(const OptionRow& option) {
  std::string text = option.help;
  if (!option.choices.empty()) text += " [" + option.choices + "]";
  if (!option.default_value.empty()) text += " (default: " + option.default_value + ")";
  if (option.many) text += "; may be repeated";
  return text;
}

std::string row(const std::string& left, std::string_view right) {
  std::string line = left;
  if (line.size() + 2 > kHelpColumn)
    line += "\n" + std::string(kHelpColumn, ' ');
  else
    line.resize(kHelpColumn, ' ');
  return line + wrapped(right, kHelpColumn) + "\n";
}

std::string usage(const ToolRow& tool, const CommandRow& command) {
  std::string line = "usage: " + tool.name + (command.name.empty() ? "" : " " + command.name);
  if (!command.options.empty()) line += " [OPTION…]";
  if (!command.positionals.empty()) line += " " + command.positionals;
  if (command.takes_command == TakesCommand::kYes) line += " -- CMD [ARG…]";
  if (command.takes_command == TakesCommand::kOptional) line += " [-- CMD [ARG…]]";
  return line + "\n";
}

const OptionRow kCommon[] = {{"-h,--help", "", "print this help"},
                             {"--version", "", "print the version"},
                             {"--completions", "SHELL", "print a completion script", "bash|zsh|fish"}};

}  // namespace

std::string command_help(const ToolRow& tool, const CommandRow& command) {
  std::string text = usage(tool, command) + "\n" + wrapped(command.summary, 0) + "\n\noptions:\n";
  for (const OptionRow& option : command.options) text += row(spelled(option), described(option));
  for (const OptionRow& option : kCommon) text += row(spelled(option), described(option));
  if (!command.examples.empty()) text += "\nexamples:\n";
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  if (!tool.epilogue.empty()) text += "\n" + tool.epilogue + "\n";
  return text;
}

std::string tool_help(const ToolRow& tool) {
  if (tool.commands.size() == 1 && tool.commands[0].name.empty()) return command_help(tool, tool.commands[0]);
  std::string text = "usage: " + tool.name + " COMMAND [OPTION…]\n\n" + wrapped(tool.summary, 0) + "\n\ncommands:\n";
  for (const CommandRow& command : tool.commands) text += row("  " + command.name, command.summary);
  text += "\n'" + tool.name + " COMMAND --help' tells more about one.\n";
  if (!tool.epilogue.empty()) text += "\n" + tool.epilogue + "\n";
  return text;
}

}  // namespace cordon::cli
