#include "check.h"
#include "confine/roles.h"
#include "flow/backends.h"

namespace {

using namespace cordon;

cli::ToolRow tool() {
  std::vector<cli::OptionRow> options = {
      {"--diff", "", "compare two profiles of one language by what they allow: OLD NEW; exit 1 if they differ"},
      {"--cost", "",
       "what a seccomp profile costs: BPF instructions of the ten most frequent recorded calls: PROFILE TRACE…"},
      {"--verify", "LOG", "recompute each SELinux denial of the log under --policy with --module", "", "", true},
      {"--module", "FILE", "the module that is to mend the denials (.cil, .pp or .te)", "", "", true},
      {"--prune", "",
       "tell what an SELinux module need not hold: what the base policy allows by itself and, if recordings or logs "
       "are given, what they do not need; exit 1 if anything, 0 with -o"},
      {"--merge", "",
       "merge an SELinux module's changes of two sides: BASE OURS THEIRS; exit 1 if they contradict, and then OURS "
       "stands"},
      {"-o,--output", "FILE",
       "where --prune and --merge write the module: .te with its .fc beside it, else CIL ('-' is standard output)"},
      {"--gate", "FILE", "judge committed profiles against a new recording as FILE says (schemas/gate.schema.json)"},
      {"--target", "LIST", "only these languages", "seccomp|apparmor|selinux", "", true},
      {"-v,--verbose", "", "show every fact that was denied or not decided, not only the first ones"},
      {"--json", "", "print JSON instead of text: every decision (schemas/check.schema.json)"},
      {"--report", "FILE", "write the report too: .html, .json, .md or .sarif by its name", "", "", true},
  };
  for (cli::OptionRow& row : flow::backend_option_rows()) options.push_back(std::move(row));
  return {std::string(check_tool::kTool),
          "Decides recorded facts with finished profiles.",
          {{"",
            "Decides every fact of the recordings with each profile, as the kernel would: seccomp by running the BPF "
            "program, AppArmor by walking the compiled automaton, SELinux by libsepol. Which file is what is told by "
            "its content. Exit 1 if any fact is denied or cannot be told.",
            "PROFILE… TRACE… | --diff OLD NEW | --cost PROFILE TRACE… | --verify LOG --module M | --prune MODULE "
            "[TRACE…|LOG…] | --merge BASE OURS THEIRS | --gate FILE",
            std::move(options),
            {"cordon-check web.seccomp.json web.trace", "cordon-check cordon-out/web.*",
             "cordon-check --json web.apparmor monday.trace tuesday.trace",
             "cordon-check --diff committed.seccomp.json out/web.seccomp.json",
             "cordon-check --cost web.seccomp.json web.trace",
             "cordon-check --verify audit.log --policy policy.33 --module web.pp",
             "cordon-check --prune -o web.cil web.cil web.trace",
             "cordon-check --merge -o merged.cil base.cil ours.cil theirs.cil",
             "cordon-check --gate cordon.toml new.trace"},
            check_tool::run}}};
}

}  // namespace

int main(int argc, char** argv) {
  cli::ToolRow row = tool();
  row.before = confine::by_role("cordon-check");
  return cli::run_tool(row, argc, argv);
}
