#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"

/// The option tables: a tool is rows of commands and options; parsing, --help, --version, completions and usage errors
/// all come from the rows.
namespace cordon::cli {

/// Exit codes of every tool but cordon-record, which passes on its command's.
enum ExitCode : int { kFine = 0, kFindings = 1, kUsage = 2, kBadInput = 3, kEnvironment = 4 };
int exit_code(const Error& error);

/// One option. `names` as the user types them: "-o,--output". `value` names what follows ("FILE"); empty: a switch.
struct OptionRow {
  std::string names;
  std::string value;
  std::string help;
  std::string choices = {};  ///< "a|b|c": anything else is a usage error; commas in the given value separate if `many`
  std::string default_value = {};  ///< shown, and what get() gives where the option is absent
  bool many = false;               ///< may be given more than once; get_all() gives all
};

/// What the user typed, checked against the rows. Options are asked for by their long name without dashes.
class Arguments {
 public:
  bool has(std::string_view name) const;  ///< was given on the command line
  std::string get(std::string_view name) const;
  std::vector<std::string> get_all(std::string_view name) const;
  const std::vector<std::string>& positionals() const { return positionals_; }
  const std::vector<std::string>& command() const { return command_; }  ///< what stood after "--"

 private:
  friend class Parser;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::map<std::string, std::string, std::less<>> defaults_;
  std::vector<std::string> positionals_;
  std::vector<std::string> command_;
};

enum class TakesCommand : std::uint8_t { kNo, kYes, kOptional };

/// One command of a tool; the name is empty for a tool without subcommands.
struct CommandRow {
  std::string name;
  std::string summary;
  std::string positionals;  ///< as the usage line shows them: "TRACE…", empty: none are taken
  std::vector<OptionRow> options;
  std::vector<std::string> examples;  ///< whole command lines, each with a "# remark" line before it if wanted
  std::function<int(const Arguments&)> run;
  TakesCommand takes_command = TakesCommand::kNo;
  std::size_t min_positionals = 0;
};

struct ToolRow {
  std::string name;  ///< "cordon-check"
  std::string summary;
  std::vector<CommandRow> commands;
  std::string epilogue = {};
  int usage_exit = kUsage;  ///< what a wrong command line ends with (cordon-record: 125)
  /// Called with the command's name between parsing and running; an error ends the tool.
  std::function<Result<void>(std::string_view command, const Arguments&)> before = {};
};

/// Parses, runs and gives the exit code. --help, --version and --completions bash|zsh|fish are answered here.
/// Standard streams that were closed are opened on /dev/null first, so that no output file becomes one of them.
int run_tool(const ToolRow& tool, int argc, char** argv);

/// "tool: error: where: what" and, on a line of its own, the hint; on standard error. Gives the exit code.
int fail(std::string_view tool, const Error& error);

/// Every diagnostic, one or two lines each, on standard error.
void show(std::string_view tool, const Diagnostics& diagnostics);

}  // namespace cordon::cli
