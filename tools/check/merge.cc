#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "modes.h"
#include "selinux/diff.h"
#include "selinux/module_files.h"
#include "selinux_inputs.h"

namespace cordon::check_tool {
namespace {

void print_json(const selinux::Merged& merged) {
  nlohmann::ordered_json conflicts = nlohmann::ordered_json::array();
  for (const std::string& line : merged.conflicts) conflicts.push_back(printable(line));
  const nlohmann::ordered_json json = {{"rules", merged.module.rules.size()}, {"conflicts", conflicts}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

Result<int> merge(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  const auto& paths = arguments.positionals();
  if (paths.size() != 3)
    return Error{
        ErrorCode::kUsage, "--merge takes three SELinux modules", {}, "as in: cordon-check --merge BASE OURS THEIRS"};
  const std::string output = arguments.has("output") ? arguments.get("output") : "-";
  if (arguments.has("json") && output == "-")
    return Error{
        ErrorCode::kUsage, "--json and the module would both go to standard output", {}, "name a file with -o"};
  std::vector<selinux::Module> sides;
  for (const std::string& path : paths) {
    auto module = selinux::read_module({path}, true, diagnostics);
    if (!module) return module.error();
    if (module->name.empty()) module->name = selinux::module_name_of(path);
    sides.push_back(std::move(*module));
  }
  const selinux::Merged merged = merge_modules(sides[0], sides[1], sides[2]);
  if (arguments.has("json")) print_json(merged);
  for (const std::string& line : merged.conflicts)
    diagnostics.warn("both sides changed it: " + printable(line), {},
                     "OURS stands; edit the merged module if THEIRS is right");
  auto policy = selinux_policy(arguments);
  if (!policy && arguments.has("policy")) return policy.error();
  if (auto written = write_module(merged.module, output, policy ? &*policy : nullptr); !written) return written.error();
  return merged.conflicts.empty() ? cli::kFine : cli::kFindings;
}

}  // namespace cordon::check_tool
