#include "commands.h"
#include "confine/roles.h"

namespace {

using namespace cordon;

cli::ToolRow tool() {
  using namespace audit_tool;
  const auto command = [](std::string name, std::string summary, std::vector<cli::OptionRow> options,
                          std::vector<std::string> examples, int (*run)(const cli::Arguments&)) {
    return cli::CommandRow{std::move(name), std::move(summary), "[LOG…]", std::move(options), std::move(examples), run};
  };
  return {
      std::string(kTool),
      "Reads what the kernel refused, in any log that carries audit records, and says what to do about it.",
      {
          command("allow", "rules that would allow what was denied, with the better mend above each", allow_options(),
                  {"cordon-audit allow -a -M local", "dmesg | cordon-audit allow",
                   "cordon-audit allow --target apparmor syslog.1.gz syslog"},
                  allow),
          command("why", "every reason for each permission of each denial", why_options(),
                  {"cordon-audit why -a",
                   "cordon-audit why -p node7/policy.33 --file-contexts node7/file_contexts node7/audit.log"},
                  why),
          command(
              "events", "every decision as one JSON object a line, for other programs", events_options(),
              {"cordon-audit events /var/log/audit/audit.log", "cordon-audit events --follow /var/log/audit/audit.log"},
              events),
          command("facts", "every decision as a trace, for cordon-synth and cordon-check", input_options(),
                  {"cordon-audit facts audit.log > denied.trace"}, facts),
      }};
}

}  // namespace

int main(int argc, char** argv) {
  cli::ToolRow row = tool();
  row.before = confine::by_role("cordon-audit");
  return cli::run_tool(row, argc, argv);
}
