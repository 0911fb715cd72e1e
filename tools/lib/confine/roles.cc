#include "confine/roles.h"

#include <fmt/format.h>
#include <linux/capability.h>

#include <array>
#include <cstdio>
#include <string>

#include "base/bytes.h"
#include "base/text.h"
#include "confine/confine.h"

namespace cordon::confine {
namespace {

/// What commands of our tools need. Helpers (apparmor_parser, checkmodule, semodule_package) run under the same
/// filter, and write their temporary files as the user that runs the tool.
struct RoleRow {
  std::string_view tool;
  std::string_view command;  ///< "": every other command of the tool
  std::string_view filter;
  bool helpers;
  std::string_view writes;  ///< the options that name files to write, "|" between; the user is kept for them
};
constexpr auto kRoles = std::to_array<RoleRow>({
    {"cordon-trace", "", "cordon-trace", false, "output"},
    {"cordon-audit", "events", "cordon-events", false, ""},
    {"cordon-audit", "facts", "cordon-events", false, ""},
    {"cordon-audit", "", "cordon-audit", true, ""},
    {"cordon-triage", "", "cordon-triage", true, ""},
    {"cordon-check", "", "cordon-check", true, ""},
    {"cordon-synth", "", "cordon-synth", true, ""},
});

/// Options for which the kernel asks for a capability (capabilities(7)).
struct CapabilityRow {
  std::string_view option;
  unsigned capability;
};
constexpr auto kCapabilities = std::to_array<CapabilityRow>({
    {"dmesg", CAP_SYSLOG},
    {"live", CAP_AUDIT_READ},
});

const RoleRow* role_of(std::string_view tool, std::string_view command) {
  const RoleRow* found = nullptr;
  for (const RoleRow& row : kRoles)
    if (row.tool == tool && (row.command == command || (row.command.empty() && found == nullptr))) found = &row;
  return found;
}

bool writes_files(const RoleRow& role, const cli::Arguments& arguments) {
  for (const std::string_view option : split(role.writes, '|'))
    if (arguments.has(option) && arguments.get(option) != "-") return true;
  return false;
}

Need need_of(const RoleRow& role, const cli::Arguments& arguments) {
  Need need;
  need.filter = role.filter;
  need.any_user = !role.helpers && !writes_files(role, arguments);
  need.capabilities = {CAP_DAC_READ_SEARCH};  // root reads logs that belong to others
  if (!need.any_user) need.capabilities.insert(CAP_DAC_OVERRIDE);
  for (const CapabilityRow& row : kCapabilities)
    if (arguments.has(row.option)) need.capabilities.insert(row.capability);
  need.inputs = arguments.positionals();
  for (std::string& log : arguments.get_all("input")) need.inputs.push_back(std::move(log));
  return need;
}

}  // namespace

std::function<Result<void>(std::string_view, const cli::Arguments&)> by_role(std::string_view tool) {
  return [tool](std::string_view command, const cli::Arguments& arguments) -> Result<void> {
    const RoleRow* role = role_of(tool, command);
    if (role == nullptr) return {};
    const auto done = confine_self(need_of(*role, arguments));
    if (!done) return done.error();
    if (arguments.has("verbose"))
      for (const std::string& what : done->lacking)
        fmt::print(stderr, "{}: runs less confined: {}\n", tool, printable(what));
    return {};
  };
}

}  // namespace cordon::confine
