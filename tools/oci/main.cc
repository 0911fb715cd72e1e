#include <unistd.h>

#include <cstdio>

#include "base/fd.h"
#include "cli/command.h"
#include "process.h"
#include "recording.h"
#include "settings.h"

namespace cordon::oci {
namespace {

/// The words that are ours whatever the runtime thinks of them. All others are the runtime's.
bool is_for_us(const std::vector<std::string>& words) {
  if (words.empty()) return true;
  const std::string& first = words[0];
  return first == "--help" || first == "-h" || first == "--manual" || first == "--completions";
}

/// Ours, then the runtime's, which engines ask for.
int version(const std::vector<std::string>& words) {
  const std::string own = "cordon-oci " CORDON_VERSION "\n";
  if (!write_all(STDOUT_FILENO, own, "standard output")) return cli::kEnvironment;
  std::vector<std::string> rest = words;
  const Result<Settings> settings = take_settings(rest);
  if (!settings) return cli::kFine;
  return cli::fail("cordon-oci", become((*settings).runtime, rest));
}

int run(std::vector<std::string> words) {
  const Result<Settings> settings = take_settings(words);
  const RuntimeCommand command = read_runtime_command(words);
  if (!settings) return report(settings.error(), command);
  Result<int> status = 0;
  if (command.name == "create" || command.name == "run")
    status = start(*settings, words, command);
  else if (command.name == "delete")
    status = end(*settings, words, command);
  else
    status = become((*settings).runtime, words);
  return status ? *status : report(status.error(), command);
}

cli::ToolRow tool() {
  cli::CommandRow command;
  command.summary =
      "Stands in front of an OCI runtime: a container's process runs under the recorder, everything else is the "
      "runtime's";
  command.positionals = "[-- RUNTIME] WORD…";
  for (const SettingRow& row : setting_rows())
    command.options.push_back({row.option, row.value, std::string(row.help) + " (" + row.variable + ")"});
  command.options.push_back({kOnlyAnnotated, "", "record only containers that bear one of the annotations"});
  command.examples = {
      "# podman",
      "podman --runtime /usr/bin/cordon-oci run --annotation io.containers.trace-syscall=of:/tmp/app.json IMAGE",
      "# a bundle", "cordon-oci run --bundle . box",
      "cordon-oci --cordon-output /tmp/traces -- runc run --bundle . box"};
  command.run = [](const cli::Arguments&) { return cli::kUsage; };
  cli::ToolRow row;
  row.name = "cordon-oci";
  row.summary = command.summary;
  row.commands = {command};
  row.epilogue = "All other words are those of the runtime, whose exit code is passed on.";
  return row;
}

}  // namespace
}  // namespace cordon::oci

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (cordon::oci::is_for_us(words)) return cordon::cli::run_tool(cordon::oci::tool(), argc, argv);
  if (words[0] == "--version" || words[0] == "-v" || words[0] == "-V") return cordon::oci::version(words);
  return cordon::oci::run(std::move(words));
}
