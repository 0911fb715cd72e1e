#include "seccomp_rules.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "seccomp/profile.h"
#include "te_text.h"

namespace cordon::audit_tool {
namespace {

using audit::Denial;

std::string program_of(const Subject& subject) { return subject.exe.empty() ? subject.comm : subject.exe; }

void take(const Denial& denial, std::size_t index, SeccompRules& out) {
  if (denial.facts.empty()) {
    out.fates[index] = {Fate::kUnexplained, denial.problem};
    return;
  }
  const Fact& fact = denial.facts.front();
  const auto& call = std::get<SyscallOp>(fact.operation);
  SeccompProgram& program = out.programs[program_of(fact.subject)];
  program.program = program_of(fact.subject);
  program.denials.push_back(index);
  if (call.name.empty()) {
    const std::string what = fmt::format("{} number {}", arch_info(call.arch).name, call.number);
    program.without_name.insert(what);
    out.fates[index] = {Fate::kFinding, "no name is known for syscall " + what + ": profiles are written by name"};
    return;
  }
  program.calls[call.arch].insert(call.name);
  out.fates[index] = {Fate::kRule, {}};
}

std::set<std::string> names_of(const SeccompProgram& program) {
  std::set<std::string> names;
  for (const auto& [arch, calls] : program.calls) names.insert(calls.begin(), calls.end());
  return names;
}

}  // namespace

std::string action_text(std::uint32_t action) { return action == 0 ? "kill thread" : seccomp::describe_value(action); }

SeccompRules seccomp_rules(const std::vector<Denial>& denials) {
  SeccompRules out;
  out.fates.resize(denials.size());
  for (std::size_t i = 0; i < denials.size(); ++i)
    if (denials[i].by == Mechanism::kSeccomp) take(denials[i], i, out);
  return out;
}

std::string seccomp_text(const SeccompRules& rules, const std::vector<Denial>& denials, bool verbose) {
  std::string out;
  for (const auto& [name, program] : rules.programs) {
    out += fmt::format("# seccomp: {}\n", printable(name));
    for (const auto& [arch, calls] : program.calls)
      out += fmt::format("# on {}: {}\n", arch_info(arch).name, join({calls.begin(), calls.end()}, " "));
    for (const std::string& what : program.without_name) out += "# no name is known for " + what + "\n";
    if (verbose)
      for (const std::size_t index : program.denials)
        for (const std::string& line : evidence_lines(denials[index])) out += "# " + line + "\n";
    const auto names = names_of(program);
    if (names.empty()) continue;
    const nlohmann::ordered_json rule = {{"names", names}, {"action", "SCMP_ACT_ALLOW"}};
    out += rule.dump() + "\n";
  }
  return out;
}

}  // namespace cordon::audit_tool
