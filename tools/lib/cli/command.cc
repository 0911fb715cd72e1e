#include "cli/command.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <system_error>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/terminal.h"
#include "cli/parser.h"

namespace cordon::cli {
namespace {

void open_missing_streams() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::dup(fd);
  if (fd > STDERR_FILENO) ::close(fd);
}

#ifdef __GLIBC__  // elsewhere the streams are no variables
ssize_t write_cookie(void* fd, const char* bytes, std::size_t size) {
  return write_all(*static_cast<const int*>(fd), {bytes, size}, {}) ? static_cast<ssize_t>(size) : 0;
}

std::FILE* steady(const int& fd, std::FILE* otherwise, int buffering) {
  std::FILE* stream = fopencookie(const_cast<int*>(&fd), "w", {nullptr, write_cookie, nullptr, nullptr});
  if (stream == nullptr) return otherwise;
  std::setvbuf(stream, nullptr, buffering, BUFSIZ);
  return stream;
}
#endif

/// stdio gives up a write that a signal interrupts or that a non-blocking pipe is not ready for; ours does not.
void steady_streams() {
#ifdef __GLIBC__
  static constexpr int kOut = STDOUT_FILENO, kErr = STDERR_FILENO;
  stdout = steady(kOut, stdout, ::isatty(STDOUT_FILENO) != 0 ? _IOLBF : _IOFBF);
  stderr = steady(kErr, stderr, _IONBF);
#endif
}

int print(const std::string& text) {
  const auto written = write_all(STDOUT_FILENO, text, "standard output");
  return written ? static_cast<int>(kFine) : fail("cordon", written.error());
}

const CommandRow* command_named(const ToolRow& tool, std::string_view name) {
  for (const CommandRow& command : tool.commands)
    if (command.name == name) return &command;
  return nullptr;
}

int usage_error(const ToolRow& tool, const Error& error) {
  fail(tool.name, error);
  return tool.usage_exit;
}

/// What a command printed must have arrived: a full disk or a closed pipe is not success.
int stdout_reached(const ToolRow& tool) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return kFine;
  fail(tool.name, {ErrorCode::kIo, "cannot write all to standard output", {}, {}});
  return kEnvironment;
}

/// fmt::print throws where a stream does not take what it writes: a full disk, a closed pipe.
int run_guarded(const ToolRow& tool, const CommandRow& command, const Arguments& arguments) {
  try {
    return command.run(arguments);
  } catch (const std::system_error&) {
    fail(tool.name, {ErrorCode::kIo, "cannot write all to standard output", {}, {}});
    return kEnvironment;
  }
}

int run_command(const ToolRow& tool, const CommandRow& command, std::vector<std::string> words) {
  Answer answer;
  const auto arguments = Parser(tool, command).parse(std::move(words), answer);
  if (!arguments) return usage_error(tool, arguments.error());
  if (!answer.text.empty()) return print(answer.text);
  if (tool.before)
    if (const auto ready = tool.before(command.name, *arguments); !ready) return fail(tool.name, ready.error());
  const int status = run_guarded(tool, command, *arguments);
  return status == kFine ? stdout_reached(tool) : status;
}

/// --version, --completions and (for the build) --manual, wherever the tool's own words would stand; nothing if neither
/// was asked for.
std::optional<int> common_answer(const ToolRow& tool, const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  if (words[0] == "--version") return print(tool.name + " " CORDON_VERSION "\n");
  if (words[0] != "--completions" && words[0] != "--manual") return std::nullopt;
  const std::string what = words.size() > 1 ? words[1] : "";
  const auto text = words[0] == "--manual" ? manual(tool, what) : completions(tool, what);
  return text ? print(*text) : usage_error(tool, text.error());
}

}  // namespace

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUsage: return kUsage;
    case ErrorCode::kBadInput: return kBadInput;
    case ErrorCode::kEnvironment:
    case ErrorCode::kIo: return kEnvironment;
    case ErrorCode::kRefused: return kFindings;
  }
  return kEnvironment;
}

bool Arguments::has(std::string_view name) const { return given_.find(name) != given_.end(); }

std::string Arguments::get(std::string_view name) const {
  const auto found = given_.find(name);
  if (found != given_.end() && !found->second.empty()) return found->second.back();
  const auto fallback = defaults_.find(name);
  return fallback == defaults_.end() ? std::string() : fallback->second;
}

std::vector<std::string> Arguments::get_all(std::string_view name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? std::vector<std::string>() : found->second;
}

int run_tool(const ToolRow& tool, int argc, char** argv) {
  open_missing_streams();
  steady_streams();
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (const auto answered = common_answer(tool, words)) return *answered;
  if (const CommandRow* only = command_named(tool, "")) return run_command(tool, *only, std::move(words));
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    const int printed = print(tool_help(tool));
    return words.empty() ? tool.usage_exit : printed;
  }
  const CommandRow* command = command_named(tool, words[0]);
  if (command == nullptr)
    return usage_error(tool, {ErrorCode::kUsage, "no command '" + printable(words[0]) + "'", {}, "see --help"});
  words.erase(words.begin());
  return run_command(tool, *command, std::move(words));
}

int fail(std::string_view tool, const Error& error) {
  Diagnostics one;
  one.error(error.what, error.where, error.hint);
  show(tool, one);
  return exit_code(error);
}

void show(std::string_view tool, const Diagnostics& diagnostics) {
  const bool colour = wants_colour(STDERR_FILENO);
  for (const Diagnostic& d : diagnostics.all()) {
    const Style style = d.severity == Severity::kError ? Style::kRed : Style::kYellow;
    std::string text = std::string(tool) + ": " + styled(to_text(d.severity), style, colour) + ": ";
    if (!d.where.empty()) text += printable(d.where) + ": ";
    text += printable(d.what) + "\n";
    if (!d.hint.empty()) text += "  " + printable(d.hint) + "\n";
    std::fputs(text.c_str(), stderr);
  }
}

}  // namespace cordon::cli
