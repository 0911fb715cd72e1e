#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "flow/data_dir.h"
#include "front.h"

namespace {

using namespace cordon;

struct SiblingRow {
  std::string_view name;
  std::string_view summary;
};
/// The tools behind `cordon NAME`.
constexpr auto kSiblings = std::to_array<SiblingRow>({
    {"record", "watch a command and write a trace"},
    {"trace", "look into traces: info, cat, list, merge, diff, validate"},
    {"synth", "turn traces into profiles"},
    {"check", "decide recorded facts with profiles; compare profiles"},
    {"audit", "explain logged denials and write rules for them"},
    {"triage", "group logged denials by cause and rank proven fixes"},
});

std::string epilogue() {
  std::string text = "tools (each is also a program of its own, cordon-NAME):\n";
  for (const SiblingRow& row : kSiblings) {
    std::string left = "  " + std::string(row.name);
    left.resize(28, ' ');
    text += left + std::string(row.summary) + "\n";
  }
  text.pop_back();
  return text;
}

/// Becomes cordon-NAME, as git does; returns only if there is no such tool.
void become_sibling(char** argv) {
  const std::string tool = "cordon-" + std::string(argv[1]);
  const std::string path = flow::sibling(tool);
  ::execv(path.c_str(), argv + 1);
}

bool is_sibling(std::string_view name) {
  return std::any_of(kSiblings.begin(), kSiblings.end(), [&](const SiblingRow& row) { return row.name == name; });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && is_sibling(argv[1])) {
    become_sibling(argv);
    return cli::fail(front::kTool, {ErrorCode::kEnvironment,
                                    "cannot run cordon-" + std::string(argv[1]),
                                    {},
                                    "the tools belong in one folder; install them together"});
  }
  const cli::ToolRow tool = {
      std::string(front::kTool),
      "Watches what a program does and writes the confinement that allows that and nothing else: a seccomp filter, an "
      "AppArmor profile and an SELinux module.",
      {front::learn_command(), front::try_command(), front::doctor_command()},
      epilogue()};
  return cli::run_tool(tool, argc, argv);
}
