#pragma once

#include "cli/command.h"

namespace cordon::cli {

/// A request that is answered without running the command.
struct Answer {
  std::string text;
};

/// The command line against a command's rows: arguments, or text to print (help), or a usage error.
class Parser {
 public:
  Parser(const ToolRow& tool, const CommandRow& command) : tool_(tool), command_(command) {}
  Result<Arguments> parse(std::vector<std::string> words, Answer& answer) const;

 private:
  Result<void> check(const Arguments& arguments) const;
  const ToolRow& tool_;
  const CommandRow& command_;
};

std::string tool_help(const ToolRow& tool);
std::string command_help(const ToolRow& tool, const CommandRow& command);
/// A completion script for "bash", "zsh" or "fish".
Result<std::string> completions(const ToolRow& tool, std::string_view shell);
/// The hand-written man page with its line '.\" OPTIONS' replaced by what the tables say.
Result<std::string> manual(const ToolRow& tool, const std::string& page);
/// The long name without dashes: "-o,--output" → "output".
std::string long_name(const OptionRow& option);

}  // namespace cordon::cli
