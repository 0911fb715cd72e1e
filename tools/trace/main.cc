#include "commands.h"
#include "confine/roles.h"
#include "facts/lists.h"

namespace {

using namespace cordon;
using cli::OptionRow;

const OptionRow kJson = {"--json", "", "print JSON instead of text"};
const OptionRow kOutput = {"-o,--output", "FILE", "write here instead of standard output", "", "-"};

std::vector<OptionRow> list_options() {
  std::vector<OptionRow> options;
  for (const ListRow& row : list_rows()) options.push_back({"--" + std::string(row.option), "", std::string(row.help)});
  return options;
}

cli::CommandRow command(std::string name, std::string summary, std::string positionals, std::vector<OptionRow> options,
                        std::vector<std::string> examples, int (*run)(const cli::Arguments&), std::size_t least = 1) {
  return {std::move(name),        std::move(summary),
          std::move(positionals), std::move(options),
          std::move(examples),    run,
          cli::TakesCommand::kNo, least};
}

cli::ToolRow tool() {
  using namespace trace_tool;
  return {std::string(kTool),
          "Looks into recordings. A trace may be compressed; '-' is standard input; several are read as one set.",
          {
              command("info", "what was recorded: runs, counts, whether it is complete, what a further run may add",
                      "TRACE…", {kJson}, {"cordon-trace info web.trace"}, info),
              command("cat", "every fact in words, or as a merged trace with --json", "TRACE…", {kJson},
                      {"cordon-trace cat web.trace | grep /etc", "cordon-trace cat --json a.trace b.trace"}, cat),
              command("list", "one item a line, sorted, for scripts", "TRACE…", list_options(),
                      {"cordon-trace list --syscalls web.trace", "cordon-trace list --files --exec web.trace"}, list),
              command("merge", "the union of the traces as one trace", "TRACE…", {kOutput},
                      {"cordon-trace merge -o all.trace run1.trace run2.trace"}, merge),
              command("diff", "the facts that only one of two traces has; exit 1 if there are any", "OLD NEW", {kJson},
                      {"cordon-trace diff monday.trace tuesday.trace"}, diff, 2),
              command("validate", "checks form, ids and completeness; exit 3 if malformed, 1 if incomplete", "TRACE…",
                      {}, {"cordon-trace validate web.trace"}, validate),
              command("import-strace", "makes a trace of what 'strace -f' printed", "FILE…", {kOutput},
                      {"strace -f -o log ls; cordon-trace import-strace -o ls.trace log"}, import_strace),
          }};
}

}  // namespace

int main(int argc, char** argv) {
  cli::ToolRow row = tool();
  row.before = confine::by_role("cordon-trace");
  return cli::run_tool(row, argc, argv);
}
