#include "confine/roles.h"
#include "options.h"

namespace {

using namespace cordon;

cli::ToolRow tool() {
  return {std::string(triage_tool::kTool),
          "Turns logged denials into few findings with causes and proven fixes.",
          {{"",
            "Groups the denials of SELinux, AppArmor and seccomp in audit logs by their cause, names it, and ranks "
            "the ways to mend it: each is tried against the policy given, where it can be. Reads what cordon-audit "
            "reads: raw and enriched logs, rotated and compressed, dmesg, syslog, journal JSON, container logs. "
            "Exit 1 if there are findings that no baseline accepts.",
            "[LOG…]",
            triage_tool::options(),
            {"cordon-triage -a", "ausearch --raw -m avc | cordon-triage --top 5",
             "cordon-triage --policy node7/policy.33 --file-contexts node7/file_contexts node7/audit.log*",
             "cordon-triage --explain F-0123456789 audit.log",
             "cordon-triage --profile app.apparmor --profile app.seccomp.json audit.log",
             "cordon-triage --format html -o denials.html --baseline accepted.json audit.log",
             "# one line for each new finding\ncordon-triage --follow /var/log/audit/audit.log"},
            triage_tool::run}}};
}

}  // namespace

int main(int argc, char** argv) {
  cli::ToolRow row = tool();
  row.before = confine::by_role("cordon-triage");
  return cli::run_tool(row, argc, argv);
}
