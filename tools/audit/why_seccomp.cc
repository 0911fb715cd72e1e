#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/text.h"
#include "facts/describe.h"
#include "seccomp_rules.h"
#include "why.h"

namespace cordon::audit_tool {
namespace {

struct ActionRow {
  std::uint32_t action;
  std::string_view words;
};
/// seccomp(2).
constexpr std::array kActions = std::to_array<ActionRow>({
    {0x00000000, "the filter killed the thread"},
    {0x80000000, "the filter killed the process"},
    {0x00030000, "the filter sent SIGSYS"},
    {0x00050000, "the filter made the call fail"},
    {0x7fc00000, "the filter handed the call to a supervisor"},
    {0x7ff00000, "the filter handed the call to a tracer"},
    {0x7ffc0000, "the filter logged the call and let it pass: nothing was blocked"},
});

std::string action_words(std::uint32_t action) {
  for (const ActionRow& row : kActions)
    if (row.action == (action & 0xffff0000)) return fmt::format("{} ({})", row.words, action_text(action));
  return fmt::format("the filter's action was {:#x}", action);
}

Cause risk_of(const seccomp::RiskRow& row) {
  return {"risk", fmt::format("{} ({}): {}", row.group, row.severity, row.reason), {}, {}};
}

}  // namespace

Explained explain_seccomp(const audit::Denial& denial, const seccomp::Data& data) {
  const Fact& fact = denial.facts.front();
  const auto& call = std::get<SyscallOp>(fact.operation);
  const std::string program = fact.subject.exe.empty() ? fact.subject.comm : fact.subject.exe;
  const std::string name = call.name.empty() ? fmt::format("number {}", call.number) : call.name;
  Explained out;
  out.title = fmt::format("{}: {} on {}", printable(program), printable(name), arch_info(call.arch).name);
  Part part{"", {{"seccomp", action_words(denial.details.action), {}, {}}}};
  Cause& cause = part.causes.front();
  if (call.name.empty())
    cause.mends.push_back("no name is known for the number: the program is newer than the tables, or probes");
  else
    cause.mends.push_back(fmt::format(R"(in the profile: {{"names": ["{}"], "action": "SCMP_ACT_ALLOW"}})", call.name));
  for (const seccomp::RiskRow& row : data.risks)
    if (std::find(row.calls.begin(), row.calls.end(), call.name) != row.calls.end())
      part.causes.push_back(risk_of(row));
  out.parts.push_back(std::move(part));
  out.fate = {Fate::kFinding, action_words(denial.details.action)};
  return out;
}

}  // namespace cordon::audit_tool
