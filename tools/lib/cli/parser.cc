#include "cli/parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "base/text.h"

namespace cordon::cli {
namespace {

/// What CLI11 fills while it parses one option.
struct Slot {
  const OptionRow* row = nullptr;
  std::vector<std::string> values;
  CLI::Option* option = nullptr;
};

bool is_choice(const OptionRow& row, std::string_view value) {
  const auto choices = split(row.choices, '|');
  return std::find(choices.begin(), choices.end(), value) != choices.end();
}

Result<void> check_choice(const OptionRow& row, const std::string& given) {
  if (row.choices.empty()) return {};
  std::vector<std::string_view> values = {given};
  if (row.many) values = split(given, ',');
  for (const std::string_view value : values) {
    if (is_choice(row, value)) continue;
    std::string choices = row.choices;
    std::replace(choices.begin(), choices.end(), '|', ' ');
    return Error{ErrorCode::kUsage,
                 "--" + long_name(row) + " cannot be '" + std::string(value) + "'",
                 {},
                 "it is one of: " + choices};
  }
  return {};
}

void declare(CLI::App& app, Slot& slot) {
  const OptionRow& row = *slot.row;
  if (row.value.empty()) {
    slot.option = app.add_flag(row.names, row.help);
    return;
  }
  slot.option = app.add_option(row.names, slot.values, row.help)->expected(1)->allow_extra_args(false);
  slot.option->multi_option_policy(row.many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
}

/// Words before "--" go to the parser, those after it are the command.
std::vector<std::string> cut_command(std::vector<std::string>& words) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes == words.end()) return {};
  std::vector<std::string> command(dashes + 1, words.end());
  words.erase(dashes, words.end());
  return command;
}

/// CLI11 takes a word like "[a,b]" for a list of two. A NUL, which no word of a command line holds, hides the bracket.
void hide_brackets(std::vector<std::string>& words) {
  for (std::string& word : words)
    if (word.starts_with('[')) word.insert(0, 1, '\0');
}
void show_brackets(std::vector<std::string>& words) {
  for (std::string& word : words)
    if (word.starts_with('\0')) word.erase(0, 1);
}

}  // namespace

std::string long_name(const OptionRow& option) {
  std::string best;
  for (std::string_view name : split(option.names, ',')) {
    name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
    if (name.size() > best.size()) best = name;
  }
  return best;
}

Result<void> Parser::check(const Arguments& arguments) const {
  if (command_.takes_command == TakesCommand::kYes && arguments.command_.empty())
    return Error{
        ErrorCode::kUsage,
        "no command was given",
        {},
        "put it after '--', as in: " + tool_.name + (command_.name.empty() ? "" : " " + command_.name) + " -- ls /"};
  if (command_.takes_command == TakesCommand::kNo && !arguments.command_.empty())
    return Error{ErrorCode::kUsage, "takes no command after '--'", {}, {}};
  if (command_.positionals.empty() && !arguments.positionals_.empty())
    return Error{ErrorCode::kUsage,
                 "unexpected word '" + arguments.positionals_.front() + "'",
                 {},
                 command_.takes_command == TakesCommand::kNo ? "see --help" : "put '--' before the command"};
  if (arguments.positionals_.size() < command_.min_positionals)
    return Error{ErrorCode::kUsage, "needs " + command_.positionals, {}, "see --help"};
  for (const OptionRow& row : command_.options)
    for (const std::string& value : arguments.get_all(long_name(row)))
      if (auto fine = check_choice(row, value); !fine) return fine;
  return {};
}

Result<Arguments> Parser::parse(std::vector<std::string> words, Answer& answer) const {
  Arguments arguments;
  if (command_.takes_command != TakesCommand::kNo) arguments.command_ = cut_command(words);
  CLI::App app;
  app.set_help_flag();
  bool help = false;
  app.add_flag("-h,--help", help);
  std::vector<Slot> slots(command_.options.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i].row = &command_.options[i];
    declare(app, slots[i]);
    arguments.defaults_[long_name(*slots[i].row)] = slots[i].row->default_value;
  }
  app.add_option("words", arguments.positionals_)->expected(-1);
  try {
    hide_brackets(words);
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
  } catch (const CLI::ParseError& problem) {
    return Error{ErrorCode::kUsage, problem.what(), {}, "see --help"};
  }
  show_brackets(arguments.positionals_);
  for (Slot& slot : slots) show_brackets(slot.values);
  if (help) {
    answer.text = command_help(tool_, command_);
    return arguments;
  }
  for (Slot& slot : slots)
    if (slot.option->count() != 0) arguments.given_[long_name(*slot.row)] = std::move(slot.values);
  if (auto fine = check(arguments); !fine) return fine.error();
  return arguments;
}

}  // namespace cordon::cli
