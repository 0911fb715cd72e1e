#include <algorithm>

#include "base/text.h"
#include "cli/parser.h"

namespace cordon::cli {
namespace {

std::vector<std::string> dashed_names(const CommandRow& command) {
  std::vector<std::string> names = {"--help", "--version"};
  for (const OptionRow& option : command.options)
    for (const std::string_view name : split(option.names, ',')) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string function_name(const ToolRow& tool) {
  std::string name = "_" + tool.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string choice_cases(const CommandRow& command) {
  std::string text;
  for (const OptionRow& option : command.options) {
    if (option.choices.empty()) continue;
    std::string words = option.choices;
    std::replace(words.begin(), words.end(), '|', ' ');
    std::string names = option.names;
    std::replace(names.begin(), names.end(), ',', '|');
    text += "        " + names + ") COMPREPLY=($(compgen -W '" + words + "' -- \"$word\")); return ;;\n";
  }
  return text;
}

std::string bash_case(const CommandRow& command) {
  const std::string pattern = command.name.empty() ? "*" : command.name;
  return "    " + pattern + ")\n      case \"$previous\" in\n" + choice_cases(command) +
         "      esac\n      [[ $word == -* ]] && COMPREPLY=($(compgen -W '" + join(dashed_names(command), " ") +
         "' -- \"$word\")) ;;\n";
}

std::string bash(const ToolRow& tool) {
  const std::string function = function_name(tool);
  std::vector<std::string> commands;
  for (const CommandRow& command : tool.commands)
    if (!command.name.empty()) commands.push_back(command.name);
  std::string text = function + "() {\n  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n";
  text += "  COMPREPLY=()\n";
  if (!commands.empty())
    text += "  if ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '" + join(commands, " ") +
            "' -- \"$word\")); return; fi\n";
  text += "  case \"${COMP_WORDS[1]}\" in\n";
  for (const CommandRow& command : tool.commands) text += bash_case(command);
  return text + "  esac\n}\ncomplete -o default -F " + function + " " + tool.name + "\n";
}

/// zsh runs bash's completions through its own emulation.
std::string zsh(const ToolRow& tool) {
  return "#compdef " + tool.name + "\nautoload -U +X bashcompinit && bashcompinit\n" + bash(tool);
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_option(const ToolRow& tool, const CommandRow& command, const OptionRow& option) {
  std::string line = "complete -c " + tool.name;
  if (!command.name.empty()) line += " -n '__fish_seen_subcommand_from " + command.name + "'";
  for (const std::string_view name : split(option.names, ','))
    line += name.starts_with("--") ? " -l " + std::string(name.substr(2)) : " -s " + std::string(name.substr(1));
  if (!option.value.empty()) line += " -r";
  if (!option.choices.empty()) {
    std::string words = option.choices;
    std::replace(words.begin(), words.end(), '|', ' ');
    line += " -f -a " + fish_quoted(words);
  }
  return line + " -d " + fish_quoted(option.help) + "\n";
}

std::string fish(const ToolRow& tool) {
  std::string text;
  for (const CommandRow& command : tool.commands) {
    if (!command.name.empty())
      text += "complete -c " + tool.name + " -n __fish_use_subcommand -f -a " + command.name + " -d " +
              fish_quoted(command.summary) + "\n";
    for (const OptionRow& option : command.options) text += fish_option(tool, command, option);
  }
  return text;
}

}  // namespace

Result<std::string> completions(const ToolRow& tool, std::string_view shell) {
  if (shell == "bash") return bash(tool);
  if (shell == "zsh") return zsh(tool);
  if (shell == "fish") return fish(tool);
  return Error{ErrorCode::kUsage,
               "no completions for the shell '" + std::string(shell) + "'",
               {},
               "it is one of: bash zsh fish"};
}

}  // namespace cordon::cli
