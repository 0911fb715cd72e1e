#include "check.h"
#include "flow/backends.h"

namespace {

using namespace cordon;

cli::ToolRow tool() {
  std::vector<cli::OptionRow> options = {
      {"--target", "LIST", "only these languages", "seccomp|apparmor|selinux", "", true},
      {"-v,--verbose", "", "show every fact that was denied or not decided, not only the first ones"},
      {"--json", "", "print JSON instead of text: every decision (schemas/check.json)"},
      {"--report", "FILE", "write the report too: .html, .json, .md or .sarif by its name", "", "", true},
  };
  for (cli::OptionRow& row : flow::backend_option_rows()) options.push_back(std::move(row));
  return {std::string(check_tool::kTool),
          "Decides recorded facts with finished profiles.",
          {{"", "Decides every fact of the recordings with each profile, as the kernel would: seccomp by running the BPF "
                "program, AppArmor by walking the compiled automaton, SELinux by libsepol. Which file is what is told by "
                "its content. Exit 1 if any fact is denied or cannot be told.",
            "PROFILE… TRACE…", std::move(options),
            {"cordon-check web.seccomp.json web.trace", "cordon-check out/web.* ",
             "cordon-check --json web.apparmor monday.trace tuesday.trace"},
            check_tool::run, cli::TakesCommand::kNo, 1}}};
}

}  // namespace

int main(int argc, char** argv) { return cli::run_tool(tool(), argc, argv); }
