// rooms: cli base
// A command line of any words: taken or refused by a sentence; choices are kept to, words that are no options come out
// as they went in, and so does the command behind the dashes.
#include "base/text.h"
#include "cli/parser.h"
#include "support.h"

namespace {

using namespace cordon;
using namespace cordon::cli;

CommandRow row() {
  CommandRow command;
  command.name = "learn";
  command.positionals = "TRACE…";
  command.options = {{"-n,--name", "NAME", "a name"},
                     {"--for", "PLACE", "where", "docker|podman", "docker"},
                     {"--target", "LIST", "which", "a|b|c", "", true},
                     {"-v,--verbose", "", "more"}};
  command.takes_command = TakesCommand::kOptional;
  return command;
}

bool is_choice(std::string_view word, std::string_view choices) {
  for (const std::string_view choice : split(choices, '|'))
    if (word == choice) return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ToolRow kTool = {"tool", "a tool", {}};
  static const CommandRow kRow = row();
  std::vector<std::string> words;
  for (const std::string_view word : split(fuzz::text_of(data, size), '\n'))
    words.emplace_back(word.substr(0, word.find('\0')));  // as argv has it
  Answer answer;
  const auto got = Parser(kTool, kRow).parse(words, answer);
  if (!got) {
    fuzz::require(got.error().code == ErrorCode::kUsage && !got.error().what.empty());
    return 0;
  }
  if (!answer.text.empty()) return 0;
  fuzz::require(is_choice(got->get("for"), "docker|podman"));
  for (const std::string& list : got->get_all("target"))
    for (const std::string_view word : split(list, ',')) fuzz::require(is_choice(word, "a|b|c"));
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes != words.end()) fuzz::require(got->command() == std::vector<std::string>(dashes + 1, words.end()));
  const bool plain = std::none_of(words.begin(), dashes, [](const std::string& word) { return word.starts_with('-'); });
  if (plain) fuzz::require(got->positionals() == std::vector<std::string>(words.begin(), dashes));
  return 0;
}
